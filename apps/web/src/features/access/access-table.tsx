// Verbs and namespaces as a table: each namespace that is in view is asked about once, and each answer kept for a minute.
import { useVirtualizer } from '@tanstack/react-virtual'
import type { AccessQuestion } from '@virtdeck/k8s'
import { memo, useCallback, useRef } from 'react'
import { useAccess, useRules } from '../../api/access.ts'
import type { AccessAnswer } from '../../api/access.ts'
import { explainRight } from '../../stores/missing-right.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon, MinusIcon } from '../../ui/icons.ts'
import { Spinner } from '../../ui/spinner.tsx'
import { WarningTag } from '../../ui/status-badge.tsx'
import { accessVerbs } from './access-verbs.ts'
import type { AccessVerb } from './access-verbs.ts'

const ROW_HEIGHT = 36
const HEAD_HEIGHT = 32

export function AccessTable({ namespaces }: { namespaces: readonly string[] }) {
  const wrap = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- its functions go to no memoized child
  const virtualizer = useVirtualizer({
    count: namespaces.length,
    getScrollElement: () => wrap.current,
    estimateSize: useCallback(() => ROW_HEIGHT, []),
    getItemKey: (index) => namespaces[index] ?? index,
    overscan: 4,
    scrollMargin: HEAD_HEIGHT + ROW_HEIGHT,
  })
  const items = virtualizer.getVirtualItems()
  const top = HEAD_HEIGHT + ROW_HEIGHT
  const [first, last] = [items[0], items.at(-1)]
  return (
    <div ref={wrap} className="tablewrap accwrap" tabIndex={0} role="region" aria-label="What you may do, by namespace">
      <table className="rt acct" aria-rowcount={namespaces.length + 2}>
        <caption className="sr">What you may do, by namespace</caption>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Namespace</th>
            {accessVerbs.map(({ id, label }) => (
              <th key={id} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <EverywhereRow />
          {first && first.index > 0 && <Spacer height={first.start - top} />}
          {items.map(({ index }) => {
            const namespace = namespaces[index]
            return namespace !== undefined && <NamespaceRow key={namespace} namespace={namespace} index={index} />
          })}
          {last && last.index < namespaces.length - 1 && <Spacer height={virtualizer.getTotalSize() - (last.end - top)} />}
        </tbody>
      </table>
    </div>
  )
}

/** Of the cluster as a whole, and so of namespaces that are yet to come. */
function EverywhereRow() {
  const access = useAccess()
  return (
    <tr className="everywhere" aria-rowindex={2}>
      <th scope="row">All namespaces</th>
      {accessVerbs.map((verb) => (
        <Cell key={verb.id} verb={verb} answer={access(verb.question)} question={verb.question} where="all namespaces" />
      ))}
    </tr>
  )
}

const NamespaceRow = memo(function NamespaceRow({ namespace, index }: { namespace: string; index: number }) {
  const access = useAccess(namespace)
  const { incomplete } = useRules(namespace)
  return (
    <tr aria-rowindex={index + 3}>
      <th scope="row">
        <Bdi title={namespace}>{namespace}</Bdi>
        {incomplete && (
          <WarningTag title="The cluster could not list all of your rules here, so it was asked about each of these rights by itself.">
            Incomplete
          </WarningTag>
        )}
      </th>
      {accessVerbs.map((verb) => (
        <Cell key={verb.id} verb={verb} answer={access(verb.question)} question={{ ...verb.question, namespace }} where={namespace} />
      ))}
    </tr>
  )
})

type CellProps = { verb: AccessVerb; answer: AccessAnswer; question: AccessQuestion; where: string }

function Cell({ verb: { label }, answer, question, where }: CellProps) {
  if (answer.pending)
    return (
      <td>
        <Spinner label={`Asking about ${label} in ${where}`} />
      </td>
    )
  if (answer.allowed && answer.unsure)
    return (
      <td title="The cluster did not answer.">
        <span className="dim" role="img" aria-label={`${label}: unknown`}>
          ?
        </span>
      </td>
    )
  if (answer.allowed)
    return (
      <td>
        <span className="c-running" role="img" aria-label={`${label}: allowed`}>
          <IconMark icon={CheckIcon} />
        </span>
      </td>
    )
  return (
    <td>
      <button
        type="button"
        className="ibtn sm denied"
        title={answer.reason}
        aria-label={`${label} in ${where}: not allowed. What would allow it`}
        onClick={() => explainRight(question)}
      >
        <IconMark icon={MinusIcon} />
      </button>
    </td>
  )
}

function Spacer({ height }: { height: number }) {
  return (
    <tr className="spacer" aria-hidden="true">
      <td colSpan={accessVerbs.length + 1} style={{ height }} />
    </tr>
  )
}

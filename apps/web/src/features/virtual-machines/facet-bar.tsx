import { Menu } from '@base-ui/react/menu'
import { parseQuantity } from '@virtdeck/k8s'
import type { VmState } from '@virtdeck/kubevirt'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon, ChevronDownIcon } from '../../ui/icons.ts'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import type { State } from '../../ui/state-glyph.tsx'
import { formatCount } from '../../util/format.ts'
import type { Bucket, Buckets, Scan } from './vm-facets.ts'
import { hasToken, stateWords, token } from './vm-query.ts'
import type { FacetKey, Term, Token } from './vm-query.ts'
import { naturalKey } from './vm-sort.ts'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { visibleText } from '../../util/visible-text.ts'

type FacetBarProps = {
  facets: Scan['facets']
  /** False while there is nothing to count yet. */
  counted: boolean
  terms: readonly Term[]
  onToggle: (toggled: Token) => void
}

const states: { state: State; label: string }[] = [
  { state: 'running', label: 'Running' },
  { state: 'stopped', label: 'Stopped' },
  { state: 'transit', label: 'In transition' },
  { state: 'paused', label: 'Paused' },
  { state: 'error', label: 'Failing' },
  { state: 'warning', label: 'Warnings' },
]

const wordOf = (state: State) => (state === 'warning' ? state : stateWords[state satisfies VmState])

/** What one filters by most, with how many VMs each choice would show. */
export function FacetBar({ facets, counted, terms, onToggle }: FacetBarProps) {
  return (
    <div className="facets" role="group" aria-label="Filters">
      {states.map(({ state, label }) => {
        const choice = token('status', wordOf(state))
        const count = facets.status.get(choice.value)?.count ?? 0
        return (
          <button
            key={state}
            type="button"
            className={counted && count === 0 ? 'facet zero' : 'facet'}
            aria-pressed={hasToken(terms, choice)}
            onClick={() => onToggle(choice)}
          >
            <StateGlyph state={state} className={`c-${state} still`} />
            {label}
            {counted && <em>{formatCount(count)}</em>}
          </button>
        )
      })}
      <span className="sep" />
      <FacetMenu label="Namespace" facet="namespace" buckets={facets.namespace} terms={terms} onToggle={onToggle} />
      <FacetMenu label="Node" facet="node" buckets={facets.node} terms={terms} onToggle={onToggle} />
      <FacetMenu label="OS" facet="os" buckets={facets.os} terms={terms} onToggle={onToggle} />
      <FacetMenu label="Memory" facet="memory" buckets={facets.memory} terms={terms} onToggle={onToggle} />
    </div>
  )
}

/** More values than one wants to read are better searched for. */
const LISTED = 200

type FacetMenuProps = Pick<FacetBarProps, 'terms' | 'onToggle'> & { label: string; facet: FacetKey; buckets: Buckets }

function FacetMenu({ label, facet, buckets, terms, onToggle }: FacetMenuProps) {
  const chosen = [...buckets.keys()].filter((value) => hasToken(terms, token(facet, value)))
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="facet" aria-pressed={chosen.length > 0}>
        {label}
        {chosen.length > 0 && <em>{chosen.length === 1 ? <Told>{chosen[0]}</Told> : chosen.length}</em>}
        <IconMark icon={ChevronDownIcon} className="caret" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-pos" side="bottom" align="start" sideOffset={4} collisionPadding={8}>
          <Menu.Popup className="menu picklist" aria-label={label}>
            <FacetValues facet={facet} buckets={buckets} terms={terms} onToggle={onToggle} />
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

function FacetValues({ facet, buckets, terms, onToggle }: Omit<FacetMenuProps, 'label'>) {
  const values = [...buckets].toSorted(facet === 'memory' ? bySize : byName)
  if (values.length === 0) return <p className="dim none">None of these VMs has one.</p>
  return (
    <>
      {values.slice(0, LISTED).map(([value, bucket]) => (
        <Menu.CheckboxItem
          key={value}
          className={bucket.count === 0 ? 'mi zero' : 'mi'}
          label={visibleText(value)}
          checked={hasToken(terms, token(facet, value))}
          onCheckedChange={() => onToggle(token(facet, value))}
        >
          <CheckMark checked={hasToken(terms, token(facet, value))} />
          <Bdi className="tl">{value}</Bdi>
          <Bubbles bucket={bucket} />
          <em>{formatCount(bucket.count)}</em>
        </Menu.CheckboxItem>
      ))}
      {values.length > LISTED && (
        <p className="dim none">
          and {formatCount(values.length - LISTED)} more: search with <code>{facet}:</code>
        </p>
      )}
    </>
  )
}

type Entry = [value: string, bucket: Bucket]
const byName = ([a]: Entry, [b]: Entry) => (naturalKey(a) < naturalKey(b) ? -1 : 1)
const bySize = ([a]: Entry, [b]: Entry) => (parseQuantity(a) ?? 0) - (parseQuantity(b) ?? 0)

export function CheckMark({ checked }: { checked: boolean }) {
  return (
    <span className="cb" aria-hidden="true" data-checked={checked || undefined}>
      <IconMark icon={CheckIcon} />
    </span>
  )
}

function Bubbles({ bucket: { failing, warnings } }: { bucket: Bucket }) {
  return (
    <>
      {failing > 0 && (
        <span className="tf error" title={`${failing} failing`}>
          {failing}
        </span>
      )}
      {warnings > 0 && (
        <span className="tf warning" title={`${warnings} with warnings`}>
          {warnings}
        </span>
      )}
    </>
  )
}

// The values of a facet, to choose from.
import { Menu } from '@base-ui/react/menu'
import { parseQuantity } from '@virtdeck/k8s'
import type { ReactElement } from 'react'
import { Bdi } from '../../ui/bdi.tsx'
import { formatCount } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'
import { Bubbles } from './bubbles.tsx'
import { CheckMark } from './check-mark.tsx'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { hasToken, token } from './language.ts'
import type { Term, Token } from './language.ts'
import { naturalKey } from './order.ts'
import type { Bucket, Buckets } from './scan.ts'

export type Part = FleetKind<FleetRow>['menus'][number]['facets'][number] & { buckets: Buckets }
export type Choosing = { terms: readonly Term[]; onToggle: (toggled: Token) => void }

type FacetMenuProps = Choosing & { label: string; trigger: ReactElement; parts: readonly Part[] }

export function FacetMenu({ label, trigger, parts, terms, onToggle }: FacetMenuProps) {
  return (
    <Menu.Root modal={false} defaultOpen>
      <Menu.Trigger render={trigger} />
      <Menu.Portal>
        <Menu.Backdrop className="menu-shade" />
        <Menu.Positioner className="menu-pos" side="bottom" align="start" sideOffset={4} collisionPadding={8}>
          <Menu.Popup tabIndex={0} className="menu picklist" aria-label={label}>
            {parts.map((part) => (
              <Menu.Group key={part.key}>
                {parts.length > 1 && <Menu.GroupLabel className="picklabel">{part.label}</Menu.GroupLabel>}
                <FacetValues part={part} terms={terms} onToggle={onToggle} />
              </Menu.Group>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

/** More values than one wants to read are better searched for. */
const LISTED = 200

function FacetValues({ part: { key: facet, buckets, sizes }, terms, onToggle }: Choosing & { part: Part }) {
  const values = [...buckets].toSorted(sizes ? bySize : byName)
  if (values.length === 0) return <p className="dim none">None of these has one.</p>
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
          <Bubbles of={bucket} />
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

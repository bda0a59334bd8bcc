// What one filters a list by most, with how many rows each choice would show.
import { Menu } from '@base-ui/react/menu'
import { own, parseQuantity } from '@virtdeck/k8s'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon, ChevronDownIcon } from '../../ui/icons.ts'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatCount } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'
import { Bubbles } from './bubbles.tsx'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { hasToken, token } from './language.ts'
import type { Term, Token } from './language.ts'
import { naturalKey } from './order.ts'
import type { Bucket, Buckets, Scan } from './scan.ts'

type FacetBarProps<R extends FleetRow> = {
  kind: FleetKind<R>
  /** Undefined while there is nothing to count yet. */
  facets: Scan<R>['facets'] | undefined
  terms: readonly Term[]
  onToggle: (toggled: Token) => void
}

export function FacetBar<R extends FleetRow>({ kind, facets, terms, onToggle }: FacetBarProps<R>) {
  return (
    <div className="facets" role="group" aria-label="Filters">
      {kind.states.map(({ key, value, label, state }) => {
        const choice = token(key, value)
        const count = own(facets, key)?.get(value)?.count ?? 0
        return (
          <button
            key={value}
            type="button"
            className={facets && count === 0 ? 'facet zero' : 'facet'}
            aria-pressed={hasToken(terms, choice)}
            onClick={() => onToggle(choice)}
          >
            <StateGlyph state={state} className={`c-${state} still`} />
            {label}
            {facets && <em>{formatCount(count)}</em>}
          </button>
        )
      })}
      {kind.menus.length > 0 && <span className="sep" />}
      {kind.menus.map(({ label, facets: parts }) => (
        <FacetMenu
          key={label}
          label={label}
          parts={parts.map((part) => ({ ...part, buckets: own(facets, part.key) ?? none }))}
          terms={terms}
          onToggle={onToggle}
        />
      ))}
    </div>
  )
}

const none: Buckets = new Map()

type Part = FleetKind<FleetRow>['menus'][number]['facets'][number] & { buckets: Buckets }
type Choosing = Pick<FacetBarProps<FleetRow>, 'terms' | 'onToggle'>

function FacetMenu({ label, parts, terms, onToggle }: Choosing & { label: string; parts: readonly Part[] }) {
  const chosen = parts.flatMap(({ key, buckets }) => [...buckets.keys()].filter((value) => hasToken(terms, token(key, value))))
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

export function CheckMark({ checked }: { checked: boolean }) {
  return (
    <span className="cb" aria-hidden="true" data-checked={checked || undefined}>
      <IconMark icon={CheckIcon} />
    </span>
  )
}

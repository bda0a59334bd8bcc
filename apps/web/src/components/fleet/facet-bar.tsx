// What one filters a list by most, with how many rows each choice would show.
import { own } from '@virtdeck/k8s'
import { Told } from '../../ui/bdi.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronDownIcon } from '../../ui/icons.ts'
import { MenuOnDemand } from '../../ui/menu.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatCount } from '../../util/format.ts'
import { onDemand } from '../../util/on-demand.ts'
import type { Choosing, Part } from './facet-menu.tsx'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { hasToken, token } from './language.ts'
import type { Buckets, Scan } from './scan.ts'

type FacetBarProps<R extends FleetRow> = Choosing & {
  kind: FleetKind<R>
  /** Undefined while there is nothing to count yet. */
  facets: Scan<R>['facets'] | undefined
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

export const facetMenus = onDemand(() => import('./facet-menu.tsx'))

function FacetMenu({ label, parts, terms, onToggle }: Choosing & { label: string; parts: readonly Part[] }) {
  const chosen = parts.flatMap(({ key, buckets }) => [...buckets.keys()].filter((value) => hasToken(terms, token(key, value))))
  const trigger = (
    <button type="button" className="facet" aria-pressed={chosen.length > 0}>
      {label}
      {chosen.length > 0 && <em>{chosen.length === 1 ? <Told>{chosen[0]}</Told> : chosen.length}</em>}
      <IconMark icon={ChevronDownIcon} className="caret" />
    </button>
  )
  return (
    <MenuOnDemand part={facetMenus} trigger={trigger}>
      {(menu) => <menu.FacetMenu label={label} trigger={trigger} parts={parts} terms={terms} onToggle={onToggle} />}
    </MenuOnDemand>
  )
}

// The inventory beside the pages: namespaces, or nodes, with live counts that follow the list's query. A click narrows
// the list; the URL holds the choice.
import { statusWords, vmState, type VmRow } from '@virtdeck/kubevirt'
import { useDeferredValue, useMemo, useState } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import { useFleet, useRowsWhen } from '../api/fleet.ts'
import { formatQuery, isToken, parseQuery, queryTest, token } from '../components/fleet/language.ts'
import type { Token } from '../components/fleet/language.ts'
import { listPart, listSearch } from '../components/fleet/list-search.ts'
import { naturalKey } from '../components/fleet/order.ts'
import type { Buckets } from '../components/fleet/scan.ts'
import { SCAN_EVERY_MS, useCounts } from '../components/fleet/use-scan.ts'
import { vmFleet } from '../features/virtual-machines/vm-fleet.ts'
import { paths } from '../paths.ts'
import { IconButton } from '../ui/button.tsx'
import { ClusterIcon, MinusIcon, PlusIcon } from '../ui/icons.ts'
import { Segmented } from '../ui/segmented.tsx'
import { StateGlyph } from '../ui/state-glyph.tsx'
import { TreeNav } from '../ui/tree-nav.tsx'
import type { TreeNode } from '../ui/tree-nav.tsx'
import { formatCount } from '../util/format.ts'
import { leaves, namespaceBranches, type Branch } from './inventory-branches.ts'

type Kind = 'namespace' | 'node'

const ROOT = 'cluster'
const none: readonly VmRow[] = []

export function InventoryTree({ clusterName }: { clusterName: string }) {
  const [kind, setKind] = useState<Kind>('namespace')
  const [folded, setFolded] = useState(false)
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  const { status, rows } = useFleet('virtualmachines', SCAN_EVERY_MS)
  const nodes = useRowsWhen('nodes', kind === 'node')
  const navigate = useNavigate()
  const shown = useListSearch()
  const terms = useMemo(() => parseQuery(vmFleet.language, shown.get('q') ?? ''), [shown])
  // The list comes first: the tree counts in a turn of its own.
  const counted = useDeferredValue(rows, none)
  const filter = useDeferredValue(terms)
  const scan = useCounts(vmFleet, counted, filter)

  /** Where an item leads. */
  const targets = new Map<string, string>()
  const collapsed = new Set(folded ? [ROOT] : [])
  const others = terms.filter((term) => !isToken(term) || term.key !== kind)
  const listOf = (...tokens: Token[]) => paths.virtualMachines() + listSearch(shown, { q: formatQuery([...others, ...tokens]) })

  const chosen = terms.filter((term) => isToken(term) && term.key === kind && !term.negated)
  const only = chosen.length === 1 && chosen[0] && isToken(chosen[0]) ? chosen[0].value : undefined
  const places = kind === 'namespace' ? branches(scan?.facets['namespace']) : nodeBranches(scan?.facets['node'], nodes)
  const children = places.map((place) => branch(place, [token(kind, place.label)], () => below(place.label)))
  targets.set(ROOT, listOf())
  const root: TreeNode = {
    id: ROOT,
    label: clusterName,
    icon: ClusterIcon,
    count: chosen.length > 0 ? sum(children) : (scan?.rows.length ?? 0),
    children,
  }

  /** An item that opens; what is below it is worked out once it is open. */
  function branch(node: TreeNode, tokens: Token[], belowIt: () => TreeNode[]): TreeNode {
    targets.set(node.id, listOf(...tokens))
    if (opened.has(node.id)) return { ...node, children: belowIt() }
    collapsed.add(node.id)
    return node.count === 0 ? node : { ...node, children: [] }
  }

  function below(place: string): TreeNode[] {
    const fits = queryTest(
      vmFleet.language,
      filter.filter((term) => !isToken(term) || term.key !== kind),
    )
    const here = counted.filter((row) => row[kind] === place && fits(row))
    return (kind === 'namespace' ? namespaceBranches(here) : leaves(here)).map((item) => leaf(item, place))
  }

  function tokensOf(place: string, app?: string) {
    return [token(kind, place), ...(app === undefined ? [] : [token('label', `app=${app}`)])]
  }

  function leaf(item: Branch, place: string): TreeNode {
    switch (item.kind) {
      case 'vm': {
        const { row } = item
        const id = `vm ${row.namespace}/${row.name}`
        targets.set(id, paths.virtualMachine(row))
        return { id, label: row.name, note: <VmNote row={row} /> }
      }
      case 'app': {
        const node = { id: `app ${place} ${item.app}`, label: item.app, count: item.rows.length, failing: item.failing }
        return branch(node, tokensOf(place, item.app), () => leaves(item.rows, item.app).map((one) => leaf(one, place)))
      }
      case 'more': {
        const id = `more ${place} ${item.app ?? ''}`
        targets.set(id, listOf(...tokensOf(place, item.app)))
        return { id, label: `and ${formatCount(item.count)} more` }
      }
    }
  }

  function toggle(id: string) {
    if (id === ROOT) return setFolded(!folded)
    const next = new Set(opened)
    if (!next.delete(id)) next.add(id)
    setOpened(next)
  }

  if (status !== 'ready' || !scan || (counted === none && rows.length > 0)) return null
  return (
    <section className="tree" aria-label="Inventory">
      <header>
        <Segmented
          label="Show by"
          value={kind}
          onValueChange={setKind}
          options={[
            { value: 'namespace', label: 'Namespaces' },
            { value: 'node', label: 'Nodes' },
          ]}
        />
        <IconButton
          label={folded ? 'Expand all' : 'Collapse all'}
          icon={folded ? PlusIcon : MinusIcon}
          small
          onClick={() => {
            setFolded(!folded)
            setOpened(new Set())
          }}
        />
      </header>
      <TreeNav
        label={kind === 'namespace' ? 'Namespaces' : 'Nodes'}
        nodes={[root]}
        selected={chosen.length === 0 ? ROOT : only && placeId(only)}
        collapsed={collapsed}
        onToggle={toggle}
        onSelect={(id) => {
          const to = targets.get(id)
          if (to) void navigate(to)
        }}
      />
    </section>
  )
}

const placeId = (name: string) => `in ${name}`

/** The list's own part of the address, where the list is what one looks at: a choice here leaves its order and groups. */
function useListSearch(): URLSearchParams {
  const { pathname } = useLocation()
  const [search] = useSearchParams()
  const text = pathname === paths.virtualMachines() ? listSearch(new URLSearchParams(), listPart(search)) : ''
  return useMemo(() => new URLSearchParams(text), [text])
}

/** What the list would show without a choice here. */
const sum = (nodes: readonly TreeNode[]) => nodes.reduce((total, { count }) => total + (count ?? 0), 0)

const byName = (a: TreeNode, b: TreeNode) => (naturalKey(a.label) < naturalKey(b.label) ? -1 : 1)

function branches(buckets: Buckets = new Map()): TreeNode[] {
  return [...buckets]
    .map(([name, { count, failing, warnings }]) => ({ id: placeId(name), label: name, count, failing, warnings }))
    .sort(byName)
}

/** Nodes without a VM count as well, and one that takes none says so. */
function nodeBranches(buckets: Buckets | undefined, rows: readonly { name: string; ready: boolean; unschedulable: boolean }[]): TreeNode[] {
  const named = new Map(branches(buckets).map((node) => [node.label, node]))
  for (const { name, ready, unschedulable } of rows) {
    const node = named.get(name) ?? { id: placeId(name), label: name, count: 0 }
    named.set(name, { ...node, note: <NodeNote ready={ready} unschedulable={unschedulable} /> })
  }
  return [...named.values()].sort(byName)
}

function NodeNote({ ready, unschedulable }: { ready: boolean; unschedulable: boolean }) {
  if (!ready)
    return (
      <span className="c-error" title="Not ready">
        <StateGlyph state="error" />
      </span>
    )
  return unschedulable ? (
    <span className="c-stopped" title="Cordoned">
      <StateGlyph state="stopped" />
    </span>
  ) : null
}

/** A VM that runs needs no word; what it does otherwise is told by its shape. */
function VmNote({ row }: { row: VmRow }) {
  const state = vmState(row)
  return (
    <span className={`c-${state}`} title={statusWords(row)}>
      <StateGlyph state={state} className="still" />
      <span className="sr">{statusWords(row)}</span>
    </span>
  )
}

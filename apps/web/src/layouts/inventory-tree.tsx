// The inventory beside the pages: namespaces, or nodes, with live counts that follow the list's query. A click narrows
// the list; the URL holds the choice.
import type { VmRow } from '@virtdeck/kubevirt'
import { useDeferredValue, useMemo, useState } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import { useFleet } from '../api/fleet.ts'
import { formatQuery, isToken, parseQuery, token } from '../components/fleet/language.ts'
import type { Term } from '../components/fleet/language.ts'
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

type Kind = 'namespace' | 'node'

const ROOT = 'cluster'
const none: readonly VmRow[] = []

export function InventoryTree({ clusterName }: { clusterName: string }) {
  const [kind, setKind] = useState<Kind>('namespace')
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const { status, rows } = useFleet('virtualmachines', SCAN_EVERY_MS)
  const nodes = useFleet('nodes')
  const navigate = useNavigate()
  const terms = useListTerms()
  // The list comes first: the tree counts in a turn of its own.
  const counted = useDeferredValue(rows, none)
  const filter = useDeferredValue(terms)
  const scan = useCounts(vmFleet, counted, filter)

  const chosen = terms.filter((term) => isToken(term) && term.key === kind && !term.negated)
  const only = chosen.length === 1 && chosen[0] && isToken(chosen[0]) ? chosen[0].value : undefined
  const selected = chosen.length === 0 ? ROOT : only

  const children = kind === 'namespace' ? branches(scan?.facets['namespace']) : nodeBranches(scan?.facets['node'], nodes.rows)
  const root: TreeNode = {
    id: ROOT,
    label: clusterName,
    icon: ClusterIcon,
    count: chosen.length > 0 ? sum(children) : (scan?.rows.length ?? 0),
    children,
  }

  function select(id: string) {
    const others = terms.filter((term) => !isToken(term) || term.key !== kind)
    const query = formatQuery(id === ROOT ? others : [...others, token(kind, id)])
    void navigate(paths.virtualMachines(query))
  }

  function toggle(id: string) {
    const next = new Set(collapsed)
    if (!next.delete(id)) next.add(id)
    setCollapsed(next)
  }

  if (status !== 'ready' || !scan || (counted === none && rows.length > 0)) return null
  const folded = collapsed.has(ROOT)
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
          onClick={() => toggle(ROOT)}
        />
      </header>
      <TreeNav
        label={kind === 'namespace' ? 'Namespaces' : 'Nodes'}
        nodes={[root]}
        selected={selected}
        collapsed={collapsed}
        onToggle={toggle}
        onSelect={select}
      />
    </section>
  )
}

/** The query of the list, where the list is what one looks at. */
function useListTerms(): readonly Term[] {
  const { pathname } = useLocation()
  const [search] = useSearchParams()
  const text = pathname === paths.virtualMachines() ? (search.get('q') ?? '') : ''
  return useMemo(() => parseQuery(vmFleet.language, text), [text])
}

/** What the list would show without a choice here. */
const sum = (nodes: readonly TreeNode[]) => nodes.reduce((total, { count }) => total + count, 0)

const byName = (a: TreeNode, b: TreeNode) => (naturalKey(a.label) < naturalKey(b.label) ? -1 : 1)

function branches(buckets: Buckets = new Map()): TreeNode[] {
  return [...buckets].map(([name, { count, failing, warnings }]) => ({ id: name, label: name, count, failing, warnings })).sort(byName)
}

/** Nodes without a VM count as well, and one that takes none says so. */
function nodeBranches(buckets: Buckets | undefined, rows: readonly { name: string; ready: boolean; unschedulable: boolean }[]): TreeNode[] {
  const named = new Map(branches(buckets).map((node) => [node.id, node]))
  for (const { name, ready, unschedulable } of rows) {
    const node = named.get(name) ?? { id: name, label: name, count: 0 }
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

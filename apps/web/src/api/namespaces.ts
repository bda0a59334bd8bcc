// The namespaces that the signed-in user can name: all of the cluster where they may be listed, else those whose VMs
// the user may see.
import { useQuery } from '@tanstack/react-query'
import { resources } from '@virtdeck/k8s'
import { useMemo } from 'react'
import { k8s } from './client.ts'
import { useFleet } from './fleet.ts'

const FRESH_MS = 60_000

export function useNamespaces(): { status: 'loading' | 'ready'; names: readonly string[] } {
  const { rows, access, status } = useFleet('virtualmachines', 1_000)
  const clusterWide = access?.scope === 'cluster'
  const listed = useQuery({
    queryKey: ['namespaces'],
    queryFn: async ({ signal }) => (await k8s.list(resources.namespaces, { signal })).items.map(({ metadata }) => metadata.name),
    staleTime: FRESH_MS,
    retry: false,
    enabled: clusterWide,
  })
  const names = useMemo(() => {
    const inScope = access?.scope === 'namespaces' ? access.namespaces : []
    return [...new Set([...(listed.data ?? []), ...inScope, ...rows.map(({ namespace }) => namespace)])].toSorted()
  }, [listed.data, access, rows])
  return { status: status === 'loading' || (clusterWide && listed.isPending) ? 'loading' : 'ready', names }
}

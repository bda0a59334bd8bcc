import { useQuery } from '@tanstack/react-query'
import { toStatus } from '@virtdeck/k8s'
import type { ObjectMeta, Resource, Status } from '@virtdeck/k8s'
import { k8s } from './client.ts'

export type DryRun = { status: 'idle' | 'checking' | 'accepted'; error?: undefined } | { status: 'refused'; error: Status }

/** Whether the cluster would create the object as things are: schema, admission, quota and rights, nothing kept. */
export function useDryRun<T>(resource: Resource<T>, object: (Partial<Omit<T, 'metadata'>> & { metadata: ObjectMeta }) | undefined): DryRun {
  const { data, error, isFetching } = useQuery({
    queryKey: ['dry-run', resource.plural, object],
    queryFn: async ({ signal }) => {
      if (object) await k8s.create(resource, object, { dryRun: true, signal })
      return true
    },
    enabled: object !== undefined,
    retry: false,
    staleTime: 10_000,
    gcTime: 30_000,
  })
  if (object === undefined) return { status: 'idle' }
  if (isFetching) return { status: 'checking' }
  if (error) return { status: 'refused', error: toStatus(error) }
  return { status: data ? 'accepted' : 'checking' }
}

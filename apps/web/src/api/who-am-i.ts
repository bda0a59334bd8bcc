// Who the cluster takes the signed-in user for, in its own words.
import { useQuery } from '@tanstack/react-query'
import { collectionPath } from '@virtdeck/k8s'
import { k8s } from './client.ts'

type UserInfo = { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> }

const path = collectionPath({
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
})

/** Clusters before 1.28 do not say; there `data` stays undefined. */
export function useWhoAmI() {
  return useQuery({
    queryKey: ['who-am-i'],
    queryFn: async ({ signal }) => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
      const { status } = await k8s.request<{ status?: { userInfo?: UserInfo } }>('POST', path, body, { signal })
      return status?.userInfo ?? {}
    },
  })
}

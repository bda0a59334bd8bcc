import type { Status } from '@virtdeck/k8s'
import { Banner } from '../../ui/banner.tsx'

/** A refusal in the cluster's own words, where the request was made. */
export function ErrorLine({ error }: { error: Status | undefined }) {
  if (!error) return null
  return (
    <Banner tone="error" title="The cluster refused." inline>
      {error.message ?? error.reason}
    </Banner>
  )
}

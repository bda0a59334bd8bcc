import type { SignedInSession } from '../api/session.ts'
import { Banner } from '../ui/banner.tsx'

/** What the signed-in should know of how they got here: groups that are missing, a cluster that is not verified. */
export function SessionNotices({ session: { user, cluster } }: { session: SignedInSession }) {
  return (
    <>
      {cluster.warnings?.map((warning) => (
        <Banner key={warning} title="Mind this kubeconfig.">
          {warning}
        </Banner>
      ))}
      {user.groupsMissing && (
        <Banner title="Your groups are missing.">
          The identity provider has more groups of yours than fit into its token: rights that you have by a group do not work here.
        </Banner>
      )}
    </>
  )
}

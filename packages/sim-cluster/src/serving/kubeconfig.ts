import { stringify } from 'yaml'

const clusterName = 'virtdeck-simulated'

/** A kubeconfig with a context per user, named like the user; the first one is current. */
export function kubeconfigText({
  url,
  caCert,
  users,
}: {
  url: string
  caCert: string
  users: readonly { name: string; token: string }[]
}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server: url, 'certificate-authority-data': Buffer.from(caCert).toString('base64') } }],
    users: users.map(({ name, token }) => ({ name, user: { token } })),
    contexts: users.map(({ name }) => ({ name, context: { cluster: clusterName, user: name } })),
    'current-context': users[0]?.name ?? '',
    preferences: {},
  })
}

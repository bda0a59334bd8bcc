import { failure, statusOfResponse, type Status } from '@virtdeck/k8s'

/** Who brings an API with them; the first that fits. */
const owners = [
  ['cdi.kubevirt.io', 'CDI (the Containerized Data Importer)'],
  ['kubevirt.io', 'KubeVirt'],
] as const

/**
 * What an error in plain text means: of a group that the cluster does not serve, its API server says "404 page not found"; of
 * one that a server behind it serves, which is down, "service unavailable" or how the connection to it failed.
 * https://github.com/kubernetes/kube-aggregator/blob/release-1.32/pkg/apiserver/handler_proxy.go
 */
export function statusOfText(path: string, code: number, text: string): Status {
  const group = /^\/apis\/([^/?]+)\/[^/?]+\//.exec(path)?.[1]
  const isPlain = !/^\s*[{<]/.test(text)
  if (!group || !isPlain) return statusOfResponse(code, text)
  if (code === 404 && text.trim() === '404 page not found') {
    const [, owner] = owners.find(([suffix]) => group.endsWith(suffix)) ?? []
    const hint = owner ? ` Is ${owner} installed?` : ''
    return failure(404, `The cluster does not serve the API ${group}.${hint}`, { details: { group } })
  }
  if (code === 503 && group === 'subresources.kubevirt.io') {
    return failure(503, `KubeVirt’s API server (${group}) does not answer. It may be starting, or virt-api may not run.`, {
      details: { group },
    })
  }
  return statusOfResponse(code, text)
}

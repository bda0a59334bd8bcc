// What is served, as objects: a CustomResourceDefinition for every custom kind, an APIService for every group version.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/controlplane/apiserver/aggregator.go
import type { OpenApi } from '../openapi/documents.ts'
import type { Storage } from '../storage/storage.ts'
import { apiResources, type ApiResource } from './api-resources.ts'
import { columnsOf } from './printer-columns.ts'

const crds = 'customresourcedefinitions.apiextensions.k8s.io'
const apiServices = 'apiservices.apiregistration.k8s.io'

/** Behind KubeVirt's and CDI's own API servers. */
const aggregated = [
  { group: 'subresources.kubevirt.io', versions: ['v1', 'v1alpha3'], service: { name: 'virt-api', namespace: 'kubevirt', port: 443 } },
  { group: 'upload.cdi.kubevirt.io', versions: ['v1beta1'], service: { name: 'cdi-api', namespace: 'cdi', port: 443 } },
]

function printerColumns(key: string) {
  return columnsOf(key).flatMap(({ name, type, jsonPath, description, priority }) => {
    if (jsonPath === undefined) return []
    const own = description.startsWith('Custom resource definition column') ? {} : { description }
    return [{ ...own, jsonPath, name, ...(priority > 0 ? { priority } : {}), type }]
  })
}

/** The CustomResourceDefinition of a resource, complete but for what the store adds. */
export function definitionOf(resource: ApiResource, openApi: OpenApi, since: string) {
  const { group, plural, singular, kind, listKind, shortNames, categories, namespaced, subresources } = resource
  const names = {
    ...(categories.length > 0 ? { categories } : {}),
    kind,
    listKind,
    plural,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    singular,
  }
  const name = `${plural}.${group}`
  const columns = printerColumns(name)
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.labelSelector' }
  const condition = (type: string, reason: string, message: string) => ({
    lastTransitionTime: since,
    message,
    reason,
    status: 'True',
    type,
  })
  const stored = resource.storageVersion ?? resource.version
  return {
    metadata: { name, creationTimestamp: since, generation: 1 },
    spec: {
      conversion: { strategy: 'None' },
      group,
      names,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [resource.version, ...resource.otherVersions].map((version) => ({
        ...(columns.length > 0 ? { additionalPrinterColumns: columns } : {}),
        name: version,
        schema: { openAPIV3Schema: openApi.structural(resource, version) },
        served: true,
        storage: version === stored,
        ...(subresources.length > 0
          ? {
              subresources: {
                ...(subresources.includes('scale') ? { scale } : {}),
                ...(subresources.includes('status') ? { status: {} } : {}),
              },
            }
          : {}),
      })),
    },
    status: {
      acceptedNames: names,
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      storedVersions: [stored],
    },
  }
}

const available = (status: 'True' | 'False', reason: string, message: string, since: string) => ({
  conditions: [{ lastTransitionTime: since, message, reason, status, type: 'Available' }],
})

/** Puts down what is served; nothing else looks at these objects. */
export function seedServedApis(storage: Storage, openApi: OpenApi): void {
  // As old as the cluster.
  const since = storage.get('namespaces', undefined, 'kube-system')?.metadata.creationTimestamp ?? new Date(0).toISOString()
  const local = new Map<string, { group: string; version: string; custom: boolean }>()
  for (const resource of apiResources) {
    if (resource.custom) storage.create(crds, definitionOf(resource, openApi, since))
    if (aggregated.some(({ group }) => group === resource.group)) continue
    for (const version of [resource.version, ...resource.otherVersions]) {
      local.set(`${version}.${resource.group}`, { group: resource.group, version, custom: resource.custom })
    }
  }
  for (const [name, { group, version, custom }] of local) {
    storage.create(apiServices, {
      metadata: { name, creationTimestamp: since, labels: { 'kube-aggregator.kubernetes.io/automanaged': custom ? 'true' : 'onstart' } },
      spec: {
        ...(group ? { group } : {}),
        groupPriorityMinimum: group === '' ? 18_000 : custom ? 1000 : 17_000,
        version,
        versionPriority: custom ? 100 : 15,
      },
      status: available('True', 'Local', 'Local APIServices are always available', since),
    })
  }
  for (const { group, versions, service } of aggregated) {
    for (const version of versions) {
      storage.create(apiServices, {
        metadata: { name: `${version}.${group}`, creationTimestamp: since },
        spec: { group, groupPriorityMinimum: 1000, service, version, versionPriority: 15 },
        status: available('True', 'Passed', 'all checks passed', since),
      })
    }
  }
}

/** What the aggregator finds of virt-api. */
export function markVirtApi(storage: Storage, reachable: boolean, now: string): void {
  for (const version of aggregated[0]?.versions ?? []) {
    const found = storage.get(apiServices, undefined, `${version}.subresources.kubevirt.io`)
    if (!found) continue
    const status = reachable
      ? available('True', 'Passed', 'all checks passed', now)
      : available(
          'False',
          'FailedDiscoveryCheck',
          'failing or missing response from https://10.96.0.10:443/apis/subresources.kubevirt.io/v1: Get "https://10.96.0.10:443/apis/subresources.kubevirt.io/v1": dial tcp 10.96.0.10:443: connect: connection refused',
          now,
        )
    storage.update(apiServices, { ...found, status })
  }
}

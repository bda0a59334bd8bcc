// What is served, in the two forms that clients ask for: one document per group version, or all of them at once.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/discovery/aggregated/handler.go
import { createHash } from 'node:crypto'
import { apiResources, groupVersion, type ApiResource } from './api-resources.ts'
import { scaleKind } from './scale.ts'
import { tokenRequestKind } from './service-account-tokens.ts'

export const serverVersion = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.13',
  gitCommit: 'virtdeck-simulated',
  gitTreeState: 'clean',
  buildDate: '2026-11-20T00:00:00Z',
  goVersion: 'go1.23.5',
  compiler: 'gc',
  platform: 'linux/amd64',
}

/** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/subresource.go */
export const kubevirtVersion = {
  gitVersion: 'v1.6.6',
  gitCommit: '75581da2192a3c4f9e0c48e7e37255ed2257780d',
  gitTreeState: 'clean',
  buildDate: '2026-06-03T00:00:00Z',
  goVersion: 'go1.23.5',
  compiler: 'gc',
  platform: 'linux/amd64',
}

// virt-api lists these 26 and serves more: https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/api.go
const vmi = 'virtualmachineinstances'
const vm = 'virtualmachines'
const kubevirtSubresources = [
  'expand-vm-spec',
  ...['vnc', 'console', 'portforward', 'pause', 'unpause', 'freeze', 'unfreeze', 'reset', 'softreboot'].map((verb) => `${vmi}/${verb}`),
  ...['start', 'stop', 'restart', 'migrate', 'expand-spec', 'objectgraph'].map((verb) => `${vm}/${verb}`),
  ...['guestosinfo', 'userlist', 'filesystemlist', 'addvolume', 'removevolume', 'objectgraph'].map((verb) => `${vmi}/${verb}`),
  ...['sev/fetchcertchain', 'sev/querylaunchmeasurement', 'sev/setupsession', 'sev/injectlaunchsecret'].map((verb) => `${vmi}/${verb}`),
]

const subresourceGroup = { group: 'subresources.kubevirt.io', version: 'v1', otherVersions: ['v1alpha3'] }

type GroupVersions = {
  name: string
  versions: { version: string; resources: ApiResource[] }[]
  /** Of a CRD or an aggregated server: listed after the built-in ones, by the names of their APIServices. */
  added: boolean
}

const uploads = 'upload.cdi.kubevirt.io'

function servedGroups(): GroupVersions[] {
  const groups = new Map<string, GroupVersions>()
  const add = (name: string, version: string, added: boolean, resource?: ApiResource) => {
    let group = groups.get(name)
    if (!group) groups.set(name, (group = { name, versions: [], added }))
    let served = group.versions.find((candidate) => candidate.version === version)
    if (!served) group.versions.push((served = { version, resources: [] }))
    if (resource) served.resources.push(resource)
  }
  for (const resource of apiResources) {
    for (const version of [resource.version, ...resource.otherVersions]) {
      add(resource.group, version, resource.custom || resource.group === uploads, resource)
    }
  }
  for (const version of [subresourceGroup.version, ...subresourceGroup.otherVersions]) add(subresourceGroup.group, version, true)
  const all = [...groups.values()]
  const firstService = ({ name, versions }: GroupVersions) => versions.map(({ version }) => `${version}.${name}`).toSorted()[0] ?? ''
  return [
    ...all.filter(({ added }) => !added),
    ...all.filter(({ added }) => added).toSorted((a, b) => (firstService(a) < firstService(b) ? -1 : 1)),
  ]
}

const groups = servedGroups()

type Kind = { group: string; version: string; kind: string }

/** The kind of a subresource where it is not its resource's own. */
function subresourceKind(subresource: string): Kind | undefined {
  if (subresource === 'eviction') return { group: 'policy', version: 'v1', kind: 'Eviction' }
  // Of its resource's own group and version, which then are left out.
  if (subresource === 'binding') return { group: '', version: '', kind: 'Binding' }
  if (subresource === 'token') return tokenRequestKind
  return subresource === 'scale' ? scaleKind : undefined
}

const named = (kind: Kind | undefined): Partial<Kind> => (kind && kind.version === '' ? { kind: kind.kind } : (kind ?? {}))

function subresourceVerbs(subresource: string): string[] {
  if (['binding', 'eviction', 'token'].includes(subresource)) return ['create']
  return subresource === 'finalize' ? ['update'] : ['get', 'patch', 'update']
}

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/discovery/storageversionhash.go */
function storageVersionHash({ group, version, storageVersion = version, kind }: ApiResource): string {
  return createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest().subarray(0, 8).toString('base64')
}

function apiResourceList(groupVersionName: string, resources: readonly ApiResource[]) {
  const isCore = groupVersionName === 'v1'
  return {
    kind: 'APIResourceList',
    ...(isCore ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersionName,
    resources: resources.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        ...(resource.group === uploads ? { group: resource.group, version: resource.version } : {}),
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
        ...(resource.virtual ? {} : { storageVersionHash: storageVersionHash(resource) }),
      },
      ...resource.subresources.map((subresource) => ({
        name: `${resource.plural}/${subresource}`,
        singularName: '',
        namespaced: resource.namespaced,
        kind: resource.kind,
        ...named(subresourceKind(subresource)),
        verbs: subresourceVerbs(subresource),
      })),
    ]),
  }
}

function apiGroup({ name, versions }: GroupVersions) {
  const named = versions.map(({ version }) => ({ groupVersion: groupVersion({ group: name, version }), version }))
  return { name, versions: named, preferredVersion: named[0] }
}

function aggregatedResource(resource: ApiResource, version: string) {
  // Kinds of the group itself are not spelt out by built-in groups.
  const ownKind = resource.custom || resource.group === uploads ? { group: resource.group, version } : { group: '', version: '' }
  const responseKind = { ...ownKind, kind: resource.kind }
  return {
    resource: resource.plural,
    responseKind,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(resource.subresources.length > 0
      ? {
          subresources: resource.subresources.map((subresource) => ({
            subresource,
            responseKind: subresourceKind(subresource) ?? responseKind,
            verbs: subresourceVerbs(subresource),
          })),
        }
      : {}),
  }
}

// The aggregator has no kinds and no verbs for these: virt-api's list does not say them.
function aggregatedSubresources() {
  const nothing = { group: '', version: '', kind: '' }
  const parents = [...new Set(kubevirtSubresources.map((name) => name.split('/')[0] ?? ''))]
  return parents.map((parent) => {
    const below = kubevirtSubresources.filter((name) => name.startsWith(`${parent}/`)).map((name) => name.slice(parent.length + 1))
    return {
      resource: parent,
      responseKind: nothing,
      scope: 'Namespaced',
      singularResource: '',
      verbs: null,
      ...(below.length > 0 ? { subresources: below.map((subresource) => ({ subresource, responseKind: nothing, verbs: null })) } : {}),
    }
  })
}

function aggregated(of: readonly GroupVersions[]) {
  const byName = of.filter(({ added }) => added).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [...of.filter(({ added }) => !added), ...byName].map(({ name, versions }) => ({
      metadata: { ...(name ? { name } : {}), creationTimestamp: null },
      versions: versions.map(({ version, resources }) => ({
        version,
        resources:
          name === subresourceGroup.group ? aggregatedSubresources() : resources.map((resource) => aggregatedResource(resource, version)),
        freshness: 'Current',
      })),
    })),
  }
}

export type DiscoveryAnswer = { json: unknown; aggregated: boolean; etag?: string }

/** The answer at a discovery path, or undefined where nothing is served. */
export function discover(path: string, wantsAggregated: boolean, serverAddress: string): DiscoveryAnswer | undefined {
  const trimmed = path.replace(/\/$/, '')
  const plain = (json: unknown) => ({ json, aggregated: false })
  const whole = (of: readonly GroupVersions[]) => {
    const json = aggregated(of)
    return { json, aggregated: true, etag: `"${createHash('sha512').update(JSON.stringify(json)).digest('hex').toUpperCase()}"` }
  }
  if (trimmed === '/api') {
    if (wantsAggregated) return whole(groups.filter((group) => group.name === ''))
    return plain({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] })
  }
  const named = groups.filter((group) => group.name !== '')
  if (trimmed === '/apis') {
    if (wantsAggregated) return whole(named)
    return plain({ kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(apiGroup) })
  }
  const [, root, ...rest] = trimmed.split('/')
  const [groupName, versionName] = root === 'api' ? ['', ...rest] : rest
  if (root !== 'api' && root !== 'apis') return undefined
  const group = groups.find((candidate) => candidate.name === groupName)
  if (!group) return undefined
  if (versionName === undefined) return plain({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) })
  const version = group.versions.find((candidate) => candidate.version === versionName)
  if (!version || rest.length > 2) return undefined
  if (groupName === subresourceGroup.group) {
    return plain({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: groupVersion({ group: groupName, version: version.version }),
      resources: kubevirtSubresources.map((name) => ({ name, singularName: '', namespaced: true, kind: '', verbs: null })),
    })
  }
  return plain(apiResourceList(groupVersion({ group: group.name, version: version.version }), version.resources))
}

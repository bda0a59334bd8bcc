// Who may list what where. One function decides it for every row, before any filter and any count.
import {
  accessReview,
  rulesAllow,
  rulesReview,
  type AccessQuestion,
  type SelfSubjectAccessReview,
  type SelfSubjectRulesReview,
} from '@virtdeck/k8s'
import type { Fleet } from '@virtdeck/kubevirt'
import { fleetResources, variantOf } from './joins.ts'
import { inventoryResources, type InventoryResource, type Reach, type Variant, type Visibility } from './messages.ts'

export type { Reach, Visibility } from './messages.ts'

/** Whether somebody may list a resource in a namespace. */
export function mayList(visibility: Visibility, resource: InventoryResource, namespace: string): boolean {
  const reach = visibility[resource]
  return reach === 'all' || reach.has(namespace)
}

/**
 * The variant in which rows of a namespace (rightsNamespace) may be seen, or undefined for none. What a row is made of beyond the fleet's own resource counts only where that resource may be listed as well.
 */
export function visibleVariant(visibility: Visibility, fleet: Fleet, namespace: string): Variant | undefined {
  if (!mayList(visibility, fleetResources[fleet].own, namespace)) return undefined
  return variantOf(fleet, (resource) => mayList(visibility, resource, namespace))
}

/** Every variant that some namespace may be seen in; namespaces that are named nowhere are all alike. */
export function visibleVariants(visibility: Visibility, fleet: Fleet): Variant[] {
  const named = inventoryResources.flatMap((resource) => {
    const reach = visibility[resource]
    return reach === 'all' ? [] : [...reach]
  })
  // No namespace is called like that.
  const variants = [...named, '\u0000'].map((namespace) => visibleVariant(visibility, fleet, namespace))
  return [...new Set(variants)].filter((variant) => variant !== undefined)
}

/** What two people must share to be shown the same rows of a fleet: the key of everything that is cached for them. */
export function visibilityKey(visibility: Visibility, fleet: Fleet): string {
  const { own, optional } = fleetResources[fleet]
  return JSON.stringify(
    [own, ...optional].map((resource) => [resource, visibility[resource] === 'all' ? 'all' : [...visibility[resource]].toSorted()]),
  )
}

const groups: Record<InventoryResource, string> = {
  namespaces: '',
  nodes: '',
  virtualmachines: 'kubevirt.io',
  virtualmachineinstances: 'kubevirt.io',
  virtualmachineinstancemigrations: 'kubevirt.io',
  datavolumes: 'cdi.kubevirt.io',
  persistentvolumeclaims: '',
  virtualmachinesnapshots: 'snapshot.kubevirt.io',
  virtualmachinesnapshotcontents: 'snapshot.kubevirt.io',
  virtualmachinerestores: 'snapshot.kubevirt.io',
  vmtemplates: 'spectrocloud.com',
}
export const clusterScoped: readonly InventoryResource[] = ['namespaces', 'nodes', 'vmtemplates']
const concurrency = 20

/** Asks the API server with somebody's own credential. */
export type Ask = <T>(path: string, body: unknown) => Promise<T>

/**
 * What somebody may list: across the cluster first, then one rules review for each namespace that is left, and access
 * reviews where its answer says that it is incomplete. Rights are never guessed from roles.
 */
export async function askVisibility(ask: Ask, namespaces: readonly string[]): Promise<Visibility> {
  const everywhere = await Promise.all(
    inventoryResources.map((resource) => allowed(ask, { verb: 'list', group: groups[resource], resource })),
  )
  const open = inventoryResources.filter((resource, index) => !everywhere[index] && !clusterScoped.includes(resource))
  const found = new Map(open.map((resource) => [resource, new Set<string>()]))
  if (open.length > 0) {
    await eachOf(namespaces, async (namespace) => {
      for (const resource of await listableIn(ask, namespace, open)) found.get(resource)?.add(namespace)
    })
  }
  const reach = (resource: InventoryResource, index: number): Reach => (everywhere[index] ? 'all' : (found.get(resource) ?? new Set()))
  return Object.fromEntries(inventoryResources.map((resource, index) => [resource, reach(resource, index)])) as Visibility
}

async function listableIn(ask: Ask, namespace: string, among: InventoryResource[]): Promise<InventoryResource[]> {
  const review = await ask<SelfSubjectRulesReview>('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', rulesReview(namespace))
  const rules = review.status
  const question = (resource: InventoryResource): AccessQuestion => ({ verb: 'list', group: groups[resource], resource, namespace })
  const answers = await Promise.all(
    among.map(async (resource) => {
      if (rules && rulesAllow(rules, question(resource))) return true
      return (rules?.incomplete ?? true) && allowed(ask, question(resource))
    }),
  )
  return among.filter((_, index) => answers[index])
}

async function allowed(ask: Ask, question: AccessQuestion): Promise<boolean> {
  const review = await ask<SelfSubjectAccessReview>('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', accessReview(question))
  return review.status?.allowed === true
}

async function eachOf<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await run(item)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane))
}

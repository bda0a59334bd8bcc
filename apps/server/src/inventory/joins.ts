// From objects to rows: which rows a change of an object touches, and what a row is made of.
import type { DataVolume, KubeObject, Node, VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { projectMigrationRow, projectNodeRow, projectVmRow, type Fleet, type FleetRows } from '@virtdeck/kubevirt'
import type { InventoryResource, Variant } from './messages.ts'

/** What a fleet's rows are made of; rights to the optional resources decide the variant. */
export const fleetResources: Record<Fleet, { own: InventoryResource; optional: readonly InventoryResource[] }> = {
  virtualmachines: {
    own: 'virtualmachines',
    optional: ['virtualmachineinstances', 'virtualmachineinstancemigrations', 'datavolumes'],
  },
  nodes: { own: 'nodes', optional: [] },
  virtualmachineinstancemigrations: { own: 'virtualmachineinstancemigrations', optional: [] },
}

export const fleets = Object.keys(fleetResources) as Fleet[]

/** A variant by the optional resources that it includes. */
export function variantOf(fleet: Fleet, includes: (resource: InventoryResource) => boolean): Variant {
  return fleetResources[fleet].optional.filter(includes).join('+')
}

const variantIncludes = (variant: Variant, resource: InventoryResource) => variant.split('+').includes(resource)

/** The objects of every resource by `namespace/name`. */
export type Objects = {
  get(resource: InventoryResource, key: string): KubeObject | undefined
  keys(resource: InventoryResource): Iterable<string>
}

export type Joins = {
  /** Notes that an object came, changed or went; returns the rows that are to be made again, as `[fleet, key]`. */
  note(resource: InventoryResource, key: string, before: KubeObject | undefined, after: KubeObject | undefined): [Fleet, string][]
  /** The keys of all rows that a fleet has. */
  keys(fleet: Fleet): Iterable<string>
  row(fleet: Fleet, key: string, variant: Variant): FleetRows[Fleet] | undefined
}

export function createJoins(objects: Objects): Joins {
  const migrationsOf = new Map<string, Set<string>>()
  const volumesOwnedBy = new Map<string, Set<string>>()
  const vmsUsing = new Map<string, Set<string>>()

  const reindex = (index: Map<string, Set<string>>, key: string, before: readonly string[], after: readonly string[]) => {
    for (const group of before) {
      const members = index.get(group)
      if (!after.includes(group) && members?.delete(key) && members.size === 0) index.delete(group)
    }
    for (const group of after) {
      const members = index.get(group)
      if (members) members.add(key)
      else index.set(group, new Set([key]))
    }
  }

  const vmRow = (key: string, variant: Variant): FleetRows['virtualmachines'] | undefined => {
    const includes = (resource: InventoryResource) => variantIncludes(variant, resource)
    const vm = objects.get('virtualmachines', key) as VirtualMachine | undefined
    const vmi = includes('virtualmachineinstances')
      ? (objects.get('virtualmachineinstances', key) as VirtualMachineInstance | undefined)
      : undefined
    if (!vm && !vmi) return undefined
    const migration = includes('virtualmachineinstancemigrations') ? activeMigration(key) : undefined
    const dataVolumes = includes('datavolumes') && vm ? volumesOf(key, vm) : undefined
    return projectVmRow({ vm, vmi, migration, dataVolumes })
  }

  const activeMigration = (key: string): VirtualMachineInstanceMigration | undefined => {
    const all = [...(migrationsOf.get(key) ?? [])].map(
      (name) => objects.get('virtualmachineinstancemigrations', name) as VirtualMachineInstanceMigration | undefined,
    )
    return all
      .filter((migration) => migration && migration.status?.phase !== 'Succeeded' && migration.status?.phase !== 'Failed')
      .toSorted((a, b) => (a && b && a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0]
  }

  const volumesOf = (key: string, vm: VirtualMachine): DataVolume[] => {
    const names = new Set([...(volumesOwnedBy.get(key) ?? []), ...usedVolumes(vm as unknown as KubeObject)])
    return [...names].flatMap((name) => {
      const found = objects.get('datavolumes', name) as DataVolume | undefined
      return found ? [found] : []
    })
  }

  const one = (key: string | undefined): string[] => (key ? [key] : [])

  return {
    note(resource, key, before, after) {
      switch (resource) {
        case 'virtualmachines':
          reindex(vmsUsing, key, usedVolumes(before), usedVolumes(after))
          return [['virtualmachines', key]]
        case 'virtualmachineinstances':
          return [['virtualmachines', key]]
        case 'virtualmachineinstancemigrations': {
          const vms = [...new Set([...one(vmiOf(before)), ...one(vmiOf(after))])]
          reindex(migrationsOf, key, one(vmiOf(before)), one(vmiOf(after)))
          return [['virtualmachineinstancemigrations', key], ...vms.map((vm): [Fleet, string] => ['virtualmachines', vm])]
        }
        case 'datavolumes': {
          const owners = [...one(ownerOf(before)), ...one(ownerOf(after))]
          reindex(volumesOwnedBy, key, one(ownerOf(before)), one(ownerOf(after)))
          return [...new Set([...owners, ...(vmsUsing.get(key) ?? [])])].map((vm) => ['virtualmachines', vm])
        }
        case 'nodes':
          return [['nodes', key]]
        case 'namespaces':
          return []
      }
    },
    *keys(fleet) {
      yield* objects.keys(fleetResources[fleet].own)
      if (fleet !== 'virtualmachines') return
      for (const key of objects.keys('virtualmachineinstances')) if (!objects.get('virtualmachines', key)) yield key
    },
    row(fleet, key, variant) {
      if (fleet === 'virtualmachines') return vmRow(key, variant)
      const object = objects.get(fleetResources[fleet].own, key)
      if (!object) return undefined
      return fleet === 'nodes'
        ? projectNodeRow(object as unknown as Node)
        : projectMigrationRow(object as unknown as VirtualMachineInstanceMigration)
    },
  }
}

function vmiOf(migration: KubeObject | undefined): string | undefined {
  const spec = migration?.spec as { vmiName?: string } | undefined
  return spec?.vmiName ? `${migration?.metadata.namespace}/${spec.vmiName}` : undefined
}

function ownerOf(dataVolume: KubeObject | undefined): string | undefined {
  const owner = dataVolume?.metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachine')
  return owner && `${dataVolume?.metadata.namespace}/${owner.name}`
}

type Volumes = { template?: { spec?: { volumes?: { dataVolume?: { name?: string } }[] } } }

function usedVolumes(vm: KubeObject | undefined): string[] {
  const volumes = (vm?.spec as Volumes | undefined)?.template?.spec?.volumes ?? []
  return volumes.flatMap(({ dataVolume }) => (dataVolume?.name ? [`${vm?.metadata.namespace}/${dataVolume.name}`] : []))
}

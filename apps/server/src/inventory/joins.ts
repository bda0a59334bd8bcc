// From objects to rows: which rows a change of an object touches, and what a row is made of.
import type {
  DataVolume,
  KubeObject,
  Node,
  PersistentVolumeClaim,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VirtualMachineRestore,
  VirtualMachineSnapshot,
  VirtualMachineSnapshotContent,
  VmTemplate,
} from '@virtdeck/k8s'
import {
  projectMigrationRow,
  projectNodeRow,
  projectSnapshotRow,
  projectTemplateRow,
  projectVmRow,
  projectVolumeRow,
  templateSource,
  type Fleet,
  type FleetRows,
} from '@virtdeck/kubevirt'
import { createGroups } from './groups.ts'
import type { InventoryResource, Variant } from './messages.ts'

/**
 * What a fleet's rows are made of; rights to the optional resources decide the variant. `or` names the one that has rows
 * even where there is no object of the fleet's own: bare VMIs, and DataVolumes without a claim.
 */
export const fleetResources: Record<Fleet, { own: InventoryResource; optional: readonly InventoryResource[]; or?: InventoryResource }> = {
  virtualmachines: {
    own: 'virtualmachines',
    optional: ['virtualmachineinstances', 'virtualmachineinstancemigrations', 'datavolumes'],
    or: 'virtualmachineinstances',
  },
  nodes: { own: 'nodes', optional: [] },
  virtualmachineinstancemigrations: { own: 'virtualmachineinstancemigrations', optional: ['virtualmachineinstances'] },
  virtualmachinesnapshots: { own: 'virtualmachinesnapshots', optional: ['virtualmachinesnapshotcontents', 'virtualmachinerestores'] },
  persistentvolumeclaims: { own: 'persistentvolumeclaims', optional: ['datavolumes', 'virtualmachines'], or: 'datavolumes' },
  vmtemplates: { own: 'vmtemplates', optional: ['persistentvolumeclaims', 'datavolumes'] },
}

export const fleets = Object.keys(fleetResources) as Fleet[]

/** A variant by the optional resources that it includes. */
export function variantOf(fleet: Fleet, includes: (resource: InventoryResource) => boolean): Variant {
  return fleetResources[fleet].optional.filter(includes).join('+')
}

/**
 * The namespace whose rights decide a row's variant: its own. A template has none, but what is said of the image that it
 * clones comes from the image's.
 */
export function rightsNamespace(row: FleetRows[Fleet]): string {
  if ('namespace' in row) return row.namespace
  return ('origin' in row && row.origin?.kind === 'clone' && row.origin.namespace) || ''
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
  const migrationsOf = createGroups()
  const volumesOwnedBy = createGroups()
  const vmsUsing = createGroups()
  const contentsOf = createGroups()
  const restoresOf = createGroups()
  const templatesOf = createGroups()

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
    const all = [...migrationsOf.of(key)].map(
      (name) => objects.get('virtualmachineinstancemigrations', name) as VirtualMachineInstanceMigration | undefined,
    )
    return all
      .filter((migration) => migration && migration.status?.phase !== 'Succeeded' && migration.status?.phase !== 'Failed')
      .toSorted((a, b) => (a && b && a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0]
  }

  const volumesOf = (key: string, vm: VirtualMachine): DataVolume[] => {
    const names = new Set([...volumesOwnedBy.of(key), ...usedClaims(vm as unknown as KubeObject)])
    return [...names].flatMap((name) => {
      const found = objects.get('datavolumes', name) as DataVolume | undefined
      return found ? [found] : []
    })
  }

  const volumeRow = (key: string, variant: Variant): FleetRows['persistentvolumeclaims'] | undefined => {
    const pvc = objects.get('persistentvolumeclaims', key) as PersistentVolumeClaim | undefined
    const dataVolume = variantIncludes(variant, 'datavolumes') ? (objects.get('datavolumes', key) as DataVolume | undefined) : undefined
    if (!pvc && !dataVolume) return undefined
    const users = variantIncludes(variant, 'virtualmachines') ? [...vmsUsing.of(key)] : []
    return projectVolumeRow({ pvc, dataVolume, vms: users.map((vm) => vm.slice(vm.indexOf('/') + 1)).toSorted() })
  }

  const snapshotRow = (key: string, variant: Variant): FleetRows['virtualmachinesnapshots'] | undefined => {
    const snapshot = objects.get('virtualmachinesnapshots', key) as VirtualMachineSnapshot | undefined
    const found = <T>(resource: InventoryResource, names: Iterable<string> = []): T[] =>
      variantIncludes(variant, resource) ? [...names].flatMap((name) => (objects.get(resource, name) as T | undefined) ?? []) : []
    return (
      snapshot &&
      projectSnapshotRow(snapshot, {
        content: found<VirtualMachineSnapshotContent>('virtualmachinesnapshotcontents', contentsOf.of(key))[0],
        restores: found<VirtualMachineRestore>('virtualmachinerestores', restoresOf.of(key)),
      })
    )
  }

  const migrationRow = (key: string, variant: Variant): FleetRows['virtualmachineinstancemigrations'] | undefined => {
    const migration = objects.get('virtualmachineinstancemigrations', key) as VirtualMachineInstanceMigration | undefined
    const vmi = vmiOf(migration as KubeObject | undefined)
    const moving = vmi !== undefined && variantIncludes(variant, 'virtualmachineinstances')
    return (
      migration &&
      projectMigrationRow(migration, moving ? (objects.get('virtualmachineinstances', vmi) as VirtualMachineInstance) : undefined)
    )
  }

  const templateRow = (key: string, variant: Variant): FleetRows['vmtemplates'] | undefined => {
    const template = objects.get('vmtemplates', key) as VmTemplate | undefined
    const source = template && templateSource(template)
    const found = <T>(resource: InventoryResource) =>
      source && variantIncludes(variant, resource)
        ? (objects.get(resource, `${source.namespace}/${source.name}`) as T | undefined)
        : undefined
    const image = { pvc: found<PersistentVolumeClaim>('persistentvolumeclaims'), dataVolume: found<DataVolume>('datavolumes') }
    const missing = variantIncludes(variant, 'persistentvolumeclaims') ? 'missing' : undefined
    return template && projectTemplateRow(template, image.pvc || image.dataVolume ? image : missing)
  }

  const templatesCloning = (claim: string) => [...templatesOf.of(claim)].map((name): [Fleet, string] => ['vmtemplates', name])

  const one = (key: string | undefined): string[] => (key ? [key] : [])

  return {
    note(resource, key, before, after) {
      switch (resource) {
        case 'virtualmachines': {
          const used = { before: usedClaims(before), after: usedClaims(after) }
          vmsUsing.move(key, used.before, used.after)
          const touched = [
            ...used.before.filter((claim) => !used.after.includes(claim)),
            ...used.after.filter((claim) => !used.before.includes(claim)),
          ]
          return [['virtualmachines', key], ...touched.map((claim): [Fleet, string] => ['persistentvolumeclaims', claim])]
        }
        case 'virtualmachineinstances': {
          const migrations = [...migrationsOf.of(key)]
          return [['virtualmachines', key], ...migrations.map((name): [Fleet, string] => ['virtualmachineinstancemigrations', name])]
        }
        case 'virtualmachineinstancemigrations': {
          const vms = [...new Set([...one(vmiOf(before)), ...one(vmiOf(after))])]
          migrationsOf.move(key, one(vmiOf(before)), one(vmiOf(after)))
          return [['virtualmachineinstancemigrations', key], ...vms.map((vm): [Fleet, string] => ['virtualmachines', vm])]
        }
        case 'datavolumes': {
          const owners = [...one(ownerOf(before)), ...one(ownerOf(after))]
          volumesOwnedBy.move(key, one(ownerOf(before)), one(ownerOf(after)))
          const vms = [...new Set([...owners, ...vmsUsing.of(key)])]
          return [['persistentvolumeclaims', key], ...vms.map((vm): [Fleet, string] => ['virtualmachines', vm]), ...templatesCloning(key)]
        }
        case 'persistentvolumeclaims':
          return [['persistentvolumeclaims', key], ...templatesCloning(key)]
        case 'vmtemplates':
          templatesOf.move(key, clonedClaims(before), clonedClaims(after))
          return [['vmtemplates', key]]
        case 'nodes':
        case 'virtualmachinesnapshots':
          return [[resource, key]]
        case 'virtualmachinesnapshotcontents':
        case 'virtualmachinerestores': {
          const snapshots = { before: one(snapshotOf(before)), after: one(snapshotOf(after)) }
          const groups = resource === 'virtualmachinerestores' ? restoresOf : contentsOf
          groups.move(key, snapshots.before, snapshots.after)
          return [...new Set([...snapshots.before, ...snapshots.after])].map((snapshot) => ['virtualmachinesnapshots', snapshot])
        }
        case 'namespaces':
          return []
      }
    },
    *keys(fleet) {
      const { own, or } = fleetResources[fleet]
      yield* objects.keys(own)
      if (!or) return
      for (const key of objects.keys(or)) if (!objects.get(own, key)) yield key
    },
    row(fleet, key, variant) {
      switch (fleet) {
        case 'virtualmachines':
          return vmRow(key, variant)
        case 'persistentvolumeclaims':
          return volumeRow(key, variant)
        case 'virtualmachinesnapshots':
          return snapshotRow(key, variant)
        case 'virtualmachineinstancemigrations':
          return migrationRow(key, variant)
        case 'vmtemplates':
          return templateRow(key, variant)
        case 'nodes': {
          const node = objects.get('nodes', key) as Node | undefined
          return node && projectNodeRow(node)
        }
      }
    },
  }
}

function vmiOf(migration: KubeObject | undefined): string | undefined {
  const spec = migration?.spec as { vmiName?: string } | undefined
  return spec?.vmiName ? `${migration?.metadata.namespace}/${spec.vmiName}` : undefined
}

function snapshotOf(object: KubeObject | undefined): string | undefined {
  const spec = object?.spec as { virtualMachineSnapshotName?: string } | undefined
  return spec?.virtualMachineSnapshotName ? `${object?.metadata.namespace}/${spec.virtualMachineSnapshotName}` : undefined
}

function ownerOf(dataVolume: KubeObject | undefined): string | undefined {
  const owner = dataVolume?.metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachine')
  return owner && `${dataVolume?.metadata.namespace}/${owner.name}`
}

type Volumes = {
  template?: { spec?: { volumes?: { dataVolume?: { name?: string }; persistentVolumeClaim?: { claimName?: string } }[] } }
}

/** The claims that a VM's volumes name; a DataVolume and its claim are called the same. */
function usedClaims(vm: KubeObject | undefined): string[] {
  const volumes = (vm?.spec as Volumes | undefined)?.template?.spec?.volumes ?? []
  return volumes.flatMap(({ dataVolume, persistentVolumeClaim }) => {
    const name = dataVolume?.name ?? persistentVolumeClaim?.claimName
    return name ? [`${vm?.metadata.namespace}/${name}`] : []
  })
}

type Disks = { dataVolumeTemplates?: { spec?: { source?: { pvc?: { namespace?: string; name?: string } } } }[] }

/** The claims that disks of a template are cloned from. */
function clonedClaims(template: KubeObject | undefined): string[] {
  const disks = (template?.spec as Disks | undefined)?.dataVolumeTemplates ?? []
  return disks.flatMap(({ spec }) => {
    const { namespace, name } = spec?.source?.pvc ?? {}
    return namespace && name ? [`${namespace}/${name}`] : []
  })
}

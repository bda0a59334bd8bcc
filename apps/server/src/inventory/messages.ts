// What the main thread and the inventory's thread say to each other.
import type { Fleet } from '@virtdeck/kubevirt'
import type { Dial } from '../auth/kubeconfig.ts'
import type { Measurements } from '../usage/measurements.ts'
import type { UsageTarget } from '../usage/target.ts'
import type { ReflectorState } from './reflector.ts'

/** The resources that rows are made of, and the namespaces that rights are asked for. */
export const inventoryResources = [
  'namespaces',
  'nodes',
  'virtualmachines',
  'virtualmachineinstances',
  'virtualmachineinstancemigrations',
  'datavolumes',
  'persistentvolumeclaims',
  'virtualmachinesnapshots',
  'virtualmachinesnapshotcontents',
  'virtualmachinerestores',
  'vmtemplates',
] as const

export type InventoryResource = (typeof inventoryResources)[number]

/** Everywhere, or in these namespaces. */
export type Scope = 'all' | string[]

/** Which resources beside the fleet's own a row is made from; part of every key, so that nothing is ever blanked by hand. */
export type Variant = string

/** Where objects come from: one credential, and where it may list what. `shared`, or a session's own. */
export type SourceId = string

export type ToWorker =
  | { type: 'start'; source: SourceId; scopes: Partial<Record<InventoryResource, Scope>> }
  | { type: 'stop'; source: SourceId }
  /** Begin to project a fleet's rows in a variant. */
  | { type: 'project'; source: SourceId; fleet: Fleet; variant: Variant }
  | { type: 'dial'; id: number; dial: Dial }
  | { type: 'dial-failed'; id: number; message: string }
  /** Read what VMs use. */
  | { type: 'usage'; id: number; target: UsageTarget }

/** A row's text, as rowText makes it, and what it adds to a sum. */
export type RowUpsert = [uid: string, namespace: string, json: string, high: number, low: number]
export type RowRemove = [uid: string, namespace: string]

export type FromWorker =
  /** The thread wants to connect: credentials are asked for anew each time, and kept nowhere there. */
  | { type: 'dial'; id: number; source: SourceId }
  /** With `whole`, the rows are all that there are. */
  | { type: 'rows'; source: SourceId; fleet: Fleet; variant: Variant; whole: boolean; upsert: RowUpsert[]; remove: RowRemove[] }
  | { type: 'state'; source: SourceId; resource: InventoryResource; namespace?: string; state: ReflectorState }
  | { type: 'namespaces'; source: SourceId; names: string[] }
  | { type: 'unreadable'; fleet: Fleet; key: string; message: string }
  | { type: 'usage'; id: number; measurements: Measurements }
  | { type: 'usage-failed'; id: number; message: string; details: string }

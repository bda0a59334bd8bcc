// What the main thread and the inventory's thread say to each other.
import type { Fleet } from '@virtdeck/kubevirt'
import type { Dial } from '../auth/kubeconfig.ts'
import type { Measurements } from '../usage/measurements.ts'
import type { UsageTarget } from '../usage/target.ts'
import type { Encoding } from '../encodings.ts'
import type { Access } from '../protocol.ts'
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

/** In which namespaces somebody may list a resource. */
export type Reach = 'all' | ReadonlySet<string>

export type Visibility = Readonly<Record<InventoryResource, Reach>>

/** Everywhere, or in these namespaces. */
export type Scope = 'all' | string[]

/** Which resources beside the fleet's own a row is made from; part of every key, so that nothing is ever blanked by hand. */
export type Variant = string

/** Where objects come from: one credential, and where it may list what. `shared`, or a session's own. */
export type SourceId = string

export type ToWorker =
  | { type: 'start'; source: SourceId; scopes: Partial<Record<InventoryResource, Scope>> }
  | { type: 'stop'; source: SourceId }
  /** Begin to keep a fleet's rows in a variant. */
  | { type: 'project'; source: SourceId; fleet: Fleet; variant: Variant }
  | { type: 'dial'; id: number; dial: Dial }
  | { type: 'dial-failed'; id: number; message: string }
  /** Read what VMs use. */
  | { type: 'usage'; id: number; target: UsageTarget }
  | AboutView

/** A view is called by its epoch. */
export type AboutView =
  /** Send what these rights see of a fleet, from now on. */
  | { type: 'view'; view: string; source: SourceId; fleet: Fleet; visibility: Visibility; access: Access }
  | { type: 'view-close'; view: string }
  | { type: 'snapshot'; view: string; id: number; encoding: Encoding }
  | { type: 'digest'; view: string; id: number }

export type FromWorker =
  /** The thread wants to connect: credentials are asked for anew each time, and kept nowhere there. */
  | { type: 'dial'; id: number; source: SourceId }
  /** All rows that there were are kept. */
  | { type: 'projected'; source: SourceId; fleet: Fleet; variant: Variant }
  | { type: 'view-ready'; view: string }
  | { type: 'frame'; view: string; seq: number; frame: Uint8Array }
  | { type: 'snapshot'; id: number; seq: number; body: Uint8Array }
  | { type: 'digest'; id: number; seq: number; digest: string }
  /** A snapshot or digest that cannot be made. */
  | { type: 'failed'; id: number; message: string }
  /** Namespaces that rows have now been seen in. */
  | { type: 'seen'; source: SourceId; namespaces: string[] }
  | { type: 'state'; source: SourceId; resource: InventoryResource; namespace?: string; state: ReflectorState }
  | { type: 'namespaces'; source: SourceId; names: string[] }
  | { type: 'unreadable'; fleet: Fleet; key: string; message: string }
  | { type: 'usage'; id: number; measurements: Measurements }
  | { type: 'usage-failed'; id: number; message: string; details: string }

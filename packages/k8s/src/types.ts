// The shapes that every Kubernetes object shares (apimachinery's meta/v1), and Status.
// https://github.com/kubernetes/apimachinery/blob/8140f57/pkg/apis/meta/v1/types.go

export type OwnerReference = {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export type ManagedFieldsEntry = {
  manager?: string
  operation?: string
  apiVersion?: string
  time?: string
  fieldsType?: string
  fieldsV1?: Record<string, unknown>
  subresource?: string
}

/** Metadata as a client may send it. Times are RFC 3339 strings. */
export type ObjectMeta = {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string | null
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
}

/** Metadata as the API server returns it. */
export type StoredMeta = ObjectMeta & {
  name: string
  uid: string
  resourceVersion: string
  creationTimestamp: string
}

/** Any object: what is common to all kinds. */
export type KubeObject = {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** An object as the API server returns it, over a generated type that leaves everything optional. */
export type Stored<T> = Omit<T, 'metadata'> & { metadata: StoredMeta }

export type ListMeta = {
  resourceVersion?: string
  continue?: string
  remainingItemCount?: number
}

export type KubeList<T> = {
  apiVersion?: string
  kind?: string
  metadata: ListMeta
  items: T[]
}

export type StatusCause = { reason?: string; message?: string; field?: string }

export type StatusDetails = {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

/** The one error shape of the repository, our own server's refusals included. */
export type Status = {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: ListMeta
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: StatusDetails
  code: number
}

export type WatchEvent<T = KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: { apiVersion?: string; kind?: string; metadata: ObjectMeta } }
  | { type: 'ERROR'; object: Status }

/** How code names one object. Cluster-scoped objects have no namespace. */
export type ObjectRef = { namespace?: string; name: string }

export type Condition = {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string | null
  lastProbeTime?: string | null
}

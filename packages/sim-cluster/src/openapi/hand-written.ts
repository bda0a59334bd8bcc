// Kinds that no package has types for. References name interfaces of the KubeVirt and CDI bundles.
import type { Schema } from './schema.ts'

const text = (description?: string): Schema => ({ ...(description ? { description } : {}), type: 'string' })
const time = (description: string): Schema => ({ description, type: 'string', format: 'date-time' })
const flag = (description: string): Schema => ({ description, type: 'boolean' })
const oneOf = (description: string, values: string[]): Schema => ({ description, type: 'string', enum: values })
const list = (items: Schema, description?: string): Schema => ({ ...(description ? { description } : {}), type: 'array', items })
const texts = (description: string): Schema => ({ description, type: 'object', additionalProperties: { type: 'string' } })
const object = (properties: Record<string, Schema>, required: string[] = [], description?: string): Schema => ({
  ...(description ? { description } : {}),
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})
const kubevirt = (name: string, description?: string): Schema => ({ ...(description ? { description } : {}), $ref: `kubevirt.${name}` })
const cdi = (name: string, description?: string): Schema => ({ ...(description ? { description } : {}), $ref: `cdi.${name}` })

const kind = (description: string, properties: Record<string, Schema>, required: string[] = []): Schema =>
  object(
    {
      apiVersion: text(
        'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
      ),
      kind: text(
        'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
      ),
      metadata: {},
      ...properties,
    },
    required,
    description,
  )

const snapshotError = object({ message: text('What went wrong, in words.'), time: time('When it went wrong.') })

const claimPropertySets = list(
  object(
    {
      accessModes: list(text(), 'The access modes of a claim.'),
      volumeMode: oneOf('Whether the volume is a file system or a block device.', ['Block', 'Filesystem']),
    },
    ['accessModes', 'volumeMode'],
  ),
  'Which access modes and volume modes a claim of this storage class may have, the best first.',
)

const populatedFrom = (source: Record<string, Schema>, required: string[]): [spec: Schema, status: Schema] => [
  object({ ...source, secretRef: text('The secret with the credentials of the source.') }, [...required, 'secretRef']),
  object({ progress: text('How far the transfer is.') }),
]

const [openstackSpec, openstackStatus] = populatedFrom(
  {
    identityUrl: text('The URL of the identity service.'),
    imageId: text('The image that is copied.'),
    transferNetwork: text('The network that the transfer takes.'),
  },
  ['identityUrl', 'imageId'],
)
const [ovirtSpec, ovirtStatus] = populatedFrom(
  {
    engineUrl: text('The URL of the oVirt engine.'),
    diskId: text('The disk that is copied.'),
    transferNetwork: text('The network that the transfer takes.'),
  },
  ['engineUrl', 'diskId'],
)

/** By `group/version/Kind`. `metadata` is filled in by whoever reads these. */
export const handWritten: Record<string, Schema> = {
  'spectrocloud.com/v1/VmTemplate': kind(
    'VmTemplate is a virtual machine in the gallery: what it is called and looks like, and the VirtualMachine that is made from it.',
    {
      spec: object({
        displayName: text('The name that the gallery shows.'),
        description: text('What this template is good for.'),
        icon: text('The URL of a picture for the gallery.'),
        running: flag('Whether a virtual machine from this template starts at once.'),
        runStrategy: kubevirt('runStrategy', 'The run strategy of a virtual machine from this template.'),
        instancetype: kubevirt('V1InstancetypeMatcher', 'The instance type of a virtual machine from this template.'),
        preference: kubevirt('V1PreferenceMatcher', 'The preference of a virtual machine from this template.'),
        dataVolumeTemplates: list(
          kubevirt('V1DataVolumeTemplateSpec'),
          'The disks that are made with a virtual machine from this template.',
        ),
        template: kubevirt('V1VirtualMachineInstanceTemplateSpec', 'What a virtual machine from this template consists of.'),
      }),
    },
    ['spec'],
  ),
  'k8s.cni.cncf.io/v1/NetworkAttachmentDefinition': kind(
    'NetworkAttachmentDefinition describes a further network that pods can be attached to.',
    { spec: object({ config: text('The configuration of a CNI plugin, as JSON.') }) },
  ),
  'snapshot.storage.k8s.io/v1/VolumeSnapshot': kind(
    "VolumeSnapshot is a user's request for either creating a point-in-time snapshot of a persistent volume, or binding to a pre-existing snapshot.",
    {
      spec: object(
        {
          source: object(
            {
              persistentVolumeClaimName: text('The claim in the same namespace that a snapshot is made of.'),
              volumeSnapshotContentName: text('The existing VolumeSnapshotContent that this snapshot is bound to.'),
            },
            [],
            'Where the snapshot comes from: a claim, or a snapshot that is there already.',
          ),
          volumeSnapshotClassName: text('The VolumeSnapshotClass; the default one unless named.'),
        },
        ['source'],
      ),
      status: object({
        boundVolumeSnapshotContentName: text('The VolumeSnapshotContent that this snapshot is bound to.'),
        creationTime: time('When the storage system made the snapshot.'),
        error: snapshotError,
        readyToUse: flag('Whether a volume can be restored from this snapshot.'),
        restoreSize: {
          description: 'The least size of a volume that is restored from this snapshot.',
          anyOf: [{ type: 'integer' }, { type: 'string' }],
          'x-kubernetes-int-or-string': true,
        },
        volumeGroupSnapshotName: text('The group snapshot that this one is part of.'),
      }),
    },
    ['spec'],
  ),
  'snapshot.storage.k8s.io/v1/VolumeSnapshotClass': kind(
    'VolumeSnapshotClass specifies parameters that a storage system uses when it makes a snapshot.',
    {
      deletionPolicy: oneOf('What becomes of the snapshot in the storage system when its VolumeSnapshot is deleted.', ['Delete', 'Retain']),
      driver: text('The CSI driver of the storage system.'),
      parameters: texts('Parameters of the driver.'),
    },
    ['deletionPolicy', 'driver'],
  ),
  'snapshot.storage.k8s.io/v1/VolumeSnapshotContent': kind(
    'VolumeSnapshotContent is a snapshot in the storage system.',
    {
      spec: object(
        {
          deletionPolicy: oneOf('What becomes of the snapshot in the storage system when this object is deleted.', ['Delete', 'Retain']),
          driver: text('The CSI driver that made the snapshot.'),
          source: object({
            snapshotHandle: text('The name of an existing snapshot in the storage system.'),
            volumeHandle: text('The name of the volume in the storage system that the snapshot is made of.'),
          }),
          sourceVolumeMode: text('The mode of the volume that the snapshot was made of.'),
          volumeSnapshotClassName: text('The VolumeSnapshotClass that the snapshot was made with.'),
          volumeSnapshotRef: object(
            Object.fromEntries(
              ['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'].map((field) => [field, text()]),
            ),
            [],
            'The VolumeSnapshot that is bound to this object.',
          ),
        },
        ['deletionPolicy', 'driver', 'source', 'volumeSnapshotRef'],
      ),
      status: object({
        creationTime: { description: 'When the snapshot was made, in nanoseconds since 1970.', type: 'integer', format: 'int64' },
        error: snapshotError,
        readyToUse: flag('Whether a volume can be restored from this snapshot.'),
        restoreSize: { description: 'The size of the snapshot in bytes.', type: 'integer', format: 'int64' },
        snapshotHandle: text('The name of the snapshot in the storage system.'),
        volumeGroupSnapshotHandle: text('The name of the group snapshot in the storage system.'),
      }),
    },
    ['spec'],
  ),
  'cdi.kubevirt.io/v1beta1/ObjectTransfer': kind(
    'ObjectTransfer moves a claim or a DataVolume into another namespace.',
    {
      spec: object(
        {
          parentName: text('The transfer that this one is part of.'),
          source: object(
            {
              apiVersion: text(),
              kind: text(),
              name: text(),
              namespace: text(),
              requiredAnnotations: texts('Annotations that the object must have.'),
            },
            ['kind', 'name', 'namespace'],
            'The object that is moved.',
          ),
          target: object({ name: text(), namespace: text() }, [], 'Where it is moved to.'),
        },
        ['source', 'target'],
      ),
      status: object({
        conditions: list(
          object(
            {
              lastHeartbeatTime: time('When the condition was last looked at.'),
              lastTransitionTime: time('When the condition last changed.'),
              message: text(),
              reason: text(),
              status: text(),
              type: text(),
            },
            ['status', 'type'],
          ),
        ),
        data: texts('What the transfer remembers of the object.'),
        phase: text('How far the transfer is.'),
      }),
    },
    ['spec'],
  ),
  'cdi.kubevirt.io/v1beta1/StorageProfile': kind(
    'StorageProfile provides a CDI specific recommendation for storage parameters',
    {
      spec: object({
        claimPropertySets,
        cloneStrategy: text('How DataVolumes of this storage class are cloned.'),
        dataImportCronSourceFormat: text('The format of the sources of DataImportCrons.'),
        snapshotClass: text('The VolumeSnapshotClass for clones.'),
      }),
      status: object({
        claimPropertySets,
        cloneStrategy: text('How DataVolumes of this storage class are cloned.'),
        dataImportCronSourceFormat: text('The format of the sources of DataImportCrons.'),
        provisioner: text('The provisioner of the storage class.'),
        snapshotClass: text('The VolumeSnapshotClass for clones.'),
        storageClass: text('The storage class that this profile describes.'),
      }),
    },
    ['spec'],
  ),
  'cdi.kubevirt.io/v1beta1/VolumeCloneSource': kind(
    'VolumeCloneSource refers to a PVC/VolumeSnapshot of any storageclass/volumemode to be used as the source of a new PVC',
    {
      spec: object(
        {
          preallocation: flag('Whether the whole size of the target is allocated at once.'),
          priorityClassName: text('The priority class of the clone pod.'),
          source: object(
            {
              apiGroup: text('The API group of the source.'),
              kind: text('The kind of the source.'),
              name: text('The name of the source.'),
            },
            ['kind', 'name'],
            'What is cloned.',
          ),
        },
        ['source'],
      ),
    },
    ['spec'],
  ),
  'cdi.kubevirt.io/v1beta1/VolumeImportSource': kind(
    'VolumeImportSource works as a specification to populate PersistentVolumeClaims with data imported from an HTTP/S3/Registry/Blank/ImageIO/VDDK source',
    {
      spec: object({
        checkpoints: list(cdi('V1beta1DataVolumeCheckpoint'), 'The checkpoints of a warm migration.'),
        contentType: text('Whether the source is an image (kubevirt) or an archive.'),
        finalCheckpoint: flag('Whether the last of the checkpoints is the final one.'),
        preallocation: flag('Whether the whole size of the target is allocated at once.'),
        source: object(
          {
            blank: { type: 'object', description: 'An empty image.' },
            gcs: cdi('V1beta1DataVolumeSourceGCS'),
            http: cdi('V1beta1DataVolumeSourceHTTP'),
            imageio: cdi('V1beta1DataVolumeSourceImageIO'),
            registry: cdi('V1beta1DataVolumeSourceRegistry'),
            s3: cdi('V1beta1DataVolumeSourceS3'),
            vddk: cdi('V1beta1DataVolumeSourceVDDK'),
          },
          [],
          'Where the data comes from.',
        ),
        targetClaim: text('The claim that a warm migration goes to.'),
      }),
      status: { type: 'object' },
    },
    ['spec'],
  ),
  'cdi.kubevirt.io/v1beta1/VolumeUploadSource': kind(
    'VolumeUploadSource is a specification to populate PersistentVolumeClaims with upload data',
    {
      spec: object({
        contentType: text('Whether the upload is an image (kubevirt) or an archive.'),
        preallocation: flag('Whether the whole size of the target is allocated at once.'),
      }),
      status: { type: 'object' },
    },
    ['spec'],
  ),
  'forklift.cdi.kubevirt.io/v1beta1/OpenstackVolumePopulator': kind(
    'OpenstackVolumePopulator fills a claim with an image of OpenStack.',
    { spec: openstackSpec, status: openstackStatus },
    ['spec'],
  ),
  'forklift.cdi.kubevirt.io/v1beta1/OvirtVolumePopulator': kind(
    'OvirtVolumePopulator fills a claim with a disk of oVirt.',
    { spec: ovirtSpec, status: ovirtStatus },
    ['spec'],
  ),
}

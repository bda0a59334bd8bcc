// Where the generated types say something else than what the simulated versions serve (Kubernetes 1.32, KubeVirt 1.6, CDI 1.64).
import type { Schema } from './schema.ts'

const text = (description: string): Schema => ({ description, type: 'string' })
const port: Schema = {
  description:
    'Name or number of the port to access on the container. Number must be in the range 1 to 65535. Name must be an IANA_SVC_NAME.',
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
}
const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values })

/** Fields that came later, by interface. */
export const laterFields: Record<string, readonly string[]> = {
  K8sIoApiCoreV1ResourceClaim: ['request'],
  V1ResourceClaim: ['request'],
  V1ArchConfiguration: ['s390x'],
  V1CustomBlockSize: ['discardGranularity'],
  V1DeveloperConfiguration: ['disabledFeatureGates'],
  V1Disk: ['changedBlockTracking'],
  V1DomainSpec: ['rebootPolicy'],
  V1Interface: ['passtBinding'],
  V1KubeVirtConfiguration: [
    'changedBlockTrackingLabelSelectors',
    'confidentialCompute',
    'hypervisors',
    'roleAggregationStrategy',
    'virtTemplateDeployment',
  ],
  V1LaunchSecurity: ['snp', 'tdx'],
  V1MediatedDevicesConfiguration: ['enabled'],
  V1Memory: ['reservedOverhead'],
  V1MemoryStatus: ['memoryOverhead'],
  V1MigrationConfiguration: ['utilityVolumesTimeout'],
  V1TLBFlush: ['direct', 'extended'],
  V1VirtualMachineInstanceMigrationSpec: ['priority'],
  V1VirtualMachineInstanceMigrationState: ['targetMemoryOverhead'],
  V1VirtualMachineInstanceSpec: ['utilityVolumes'],
  V1VirtualMachineInstanceStatus: ['changedBlockTracking'],
  V1VirtualMachineStatus: ['changedBlockTracking'],
  V1Volume: ['containerPath'],
  V1beta1DevicePreferences: ['preferredVideoType'],
  V1beta1PreferenceRequirements: ['architecture'],
  V1beta1VirtualMachineCloneSpec: ['volumeNamePolicy'],
  V1beta1VirtualMachineExportLink: ['backups'],
  V1beta1VirtualMachineInstancetypeSpec: ['ioThreads'],
  V1beta1VirtualMachinePreferenceSpec: ['preferredArchitecture'],
  V1beta1VirtualMachineRestoreSpec: ['volumeOwnershipPolicy'],
  V1beta1VirtualMachineSnapshotStatus: ['sourceIndications'],
}

/** Fields that are written in another way than TypeScript has them. */
export const renamedFields: Record<string, string> = {
  'IoK8sApiCoreV1DaemonEndpoint.port': 'Port',
  'V1beta1ImportProxy.hTTPProxy': 'HTTPProxy',
  'V1beta1ImportProxy.hTTPSProxy': 'HTTPSProxy',
  'V1beta1ImportStatus.dataVolumeName': 'DataVolumeName',
  'V1beta1ImportStatus.digest': 'Digest',
  'V1VirtualMachineInstanceStatus.vSOCKCID': 'VSOCKCID',
}

/** Fields that the types lack or have less of, by interface. */
export const correctedFields: Record<string, Record<string, Schema>> = {
  K8sIoApiCoreV1HTTPGetAction: { port },
  K8sIoApiCoreV1TCPSocketAction: { port },
  V1DomainSpec: {
    clock: {
      description: 'Clock sets the clock and timers of the vmi.',
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    },
  },
  V1InstancetypeConfiguration: {
    referencePolicy: {
      description: 'ReferencePolicy defines how an instance type or preference should be referenced by the VM after submission.',
      ...oneOf('reference', 'expand', 'expandAll'),
    },
  },
  V1KubeVirtConfiguration: { vmRolloutStrategy: oneOf('Stage', 'LiveUpdate') },
  V1TokenBucketRateLimiter: { qps: { description: 'QPS indicates the maximum QPS to the apiserver from this client.', type: 'number' } },
  // The template of a DataImportCron, whose metadata the CRD leaves no room for.
  V1beta1DataVolume: { metadata: { type: 'object' } },
  V1beta1DataImportCronSpec: {
    serviceAccountName: text('ServiceAccountName is the name of the ServiceAccount that polls the source.'),
  },
  V1beta1DataVolumeSourceImageIO: {
    insecureSkipVerify: { description: 'Whether the certificate of the server is not verified.', type: 'boolean' },
  },
  V1beta1DataVolumeSpec: {
    contentType: {
      description: 'DataVolumeContentType options: "kubevirt", "archive"',
      ...oneOf('kubevirt', 'archive'),
    },
  },
}

/** What fields say, where the types have no prose for them or only that of the field's type. */
export const descriptions: Record<string, string> = {
  'V1AddVolumeOptions.disk': 'Disk represents the hotplug disk that will be plugged into the running VMI',
  'V1CPU.numa': 'NUMA allows specifying settings for the guest NUMA topology',
  'V1DataVolumeTemplateSpec.metadata': 'The name, labels and annotations of the DataVolume.',
  'V1Devices.downwardMetrics': 'DownwardMetrics creates a virtio serials for exposing the downward metrics to the vmi.',
  'V1Devices.tpm': 'Whether to emulate a TPM device.',
  'V1Devices.video': 'Video describes the video device configuration for the vmi.',
  'V1Disk.cdrom': 'Attach a volume as a cdrom to the vmi.',
  'V1Disk.disk': 'Attach a volume as a disk to the vmi.',
  'V1Disk.lun': 'Attach a volume as a LUN to the vmi.',
  'V1DomainSpec.devices': 'Devices allows adding disks, network interfaces, and others',
  'V1DomainSpec.features': 'Features like acpi, apic, hyperv, smm.',
  'V1DomainSpec.firmware': 'Firmware.',
  'V1DomainSpec.ioThreads': 'IOThreads specifies the IOThreads options.',
  'V1DomainSpec.launchSecurity': 'Launch Security setting of the vmi.',
  'V1DomainSpec.machine': 'Machine type.',
  'V1DomainSpec.resources': 'Resources describes the Compute Resources required by this vmi.',
  'V1EmptyDiskSource.capacity': 'Capacity of the sparse disk.',
  'V1FeatureHyperv.spinlocks': 'Spinlocks allows to configure the spinlock retry attempts.',
  'V1FeatureHyperv.synictimer': 'SyNICTimer enables Synthetic Interrupt Controller Timers, reducing CPU load.',
  'V1FeatureHyperv.tlbflush': 'TLBFlush improves performances in overcommited environments. Requires vpindex to be enabled.',
  'V1FeatureHyperv.vendorid': 'VendorID allows setting the hypervisor vendor id.',
  'V1Features.apic': 'Defaults to the machine type setting.',
  'V1Features.kvm': 'Configure how KVM presence is exposed to the guest.',
  'V1Firmware.acpi': 'Information that can be set in the ACPI table',
  'V1HostDisk.capacity': 'Capacity of the sparse disk',
  'V1Memory.guest':
    'Guest allows to specifying the amount of memory which is visible inside the Guest OS. The Guest must lie between Requests and Limits from the resources section. Defaults to the requested memory in the resources section if not specified.',
  'V1Memory.maxGuest':
    'MaxGuest allows to specify the maximum amount of memory which is visible inside the Guest OS. The delta between MaxGuest and Guest is the amount of memory that can be hot(un)plugged.',
  'V1Timer.hpet': 'HPET (High Precision Event Timer) - multiple timers with periodic interrupts.',
  'V1Timer.hyperv': 'Hyperv (Hypervclock) - lets guests read the host’s wall clock time (paravirtualized). For windows guests.',
  'V1Timer.kvm': 'KVM (KVM clock) - lets guests read the host’s wall clock time (paravirtualized). For linux guests.',
  'V1Timer.pit': 'PIT (Programmable Interval Timer) - a timer with periodic interrupts.',
  'V1Timer.rtc': 'RTC (Real Time Clock) - a continuously running timer with periodic interrupts.',
  'V1VirtualMachineInstanceSpec.domain': 'Specification of the desired behavior of the VirtualMachineInstance on the host.',
  'V1VirtualMachineInstanceTemplateSpec.metadata': 'The labels and annotations of the VirtualMachineInstance.',
  'V1VirtualMachineSpec.template': 'Template is the direct specification of VirtualMachineInstance',
  'V1Volume.dataVolume':
    'DataVolume represents the dynamic creation a PVC for this volume as well as the process of populating that PVC with a disk image.',
  'V1Volume.ephemeral': 'Ephemeral is a special volume source that "wraps" specified source and provides copy-on-write image on top of it.',
  'V1Volume.memoryDump': 'MemoryDump is attached to the virt launcher and is populated with a memory dump of the vmi',
  'V1beta1MemoryInstancetype.guest': 'Required amount of memory which is visible inside the guest OS.',
  'V1beta1MemoryInstancetype.maxGuest': 'MaxGuest allows to specify the maximum amount of memory which is visible inside the Guest OS.',
  'V1beta1VirtualMachineRestoreSpec.virtualMachineSnapshotName': 'The VirtualMachineSnapshot that is restored.',
  'V1beta1VirtualMachineRestoreSpec.volumeRestorePolicy': 'How the names of the restored volumes are chosen.',
  'V1beta1VirtualMachineSnapshotSpec.deletionPolicy': 'What becomes of the content when the snapshot is deleted: Delete or Retain.',
  'V1beta1VirtualMachineSnapshotSpec.failureDeadline': 'How long the snapshot may take before it fails. Defaults to 5 minutes.',
}

/** Required in the CRD, though not in the types, or in another order. */
export const requiredFields: Record<string, readonly string[]> = {
  K8sIoApiCoreV1HTTPGetAction: ['port'],
  K8sIoApiCoreV1TCPSocketAction: ['port'],
  V1CustomBlockSize: ['logical', 'physical'],
  V1SSHPublicKeyAccessCredential: ['source', 'propagationMethod'],
}

/** The times of a condition, which the types leave out. */
export const conditionTimes: Record<string, Schema> = {
  lastProbeTime: { type: 'string', format: 'date-time', nullable: true },
  lastTransitionTime: { type: 'string', format: 'date-time', nullable: true },
}

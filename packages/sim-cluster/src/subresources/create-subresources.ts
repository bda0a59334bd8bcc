// KubeVirt's action subresources (start, pause, addvolume, ...), with virt-api's codes and words.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/lifecycle.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/subresource.go
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { refuseMigration } from '../admission/migrations.ts'
import { apiResource } from '../api/api-resources.ts'
import { recordUpdate } from '../api/managed-fields.ts'
import type { SubresourceRequest, Subresources } from '../api/context.ts'
import { badRequest, conflict, forbidden, internalError } from '../api/status.ts'
import { timestamp, type Clock } from '../clock.ts'
import { createContext } from '../controllers/context.ts'
import { applyInstancetype, findInstancetype, findPreference } from '../controllers/instancetypes.ts'
import { runStrategyOf } from '../controllers/run-strategy.ts'
import { conditionOf, isTrue, migrations, vmis, vms } from '../controllers/objects.ts'
import { draftStatus, isFinal, isPaused, setPaused } from '../controllers/vmis.ts'
import { isMigrating } from '../controllers/printable-status.ts'
import type { Guests } from '../guests/guest.ts'
import type { Storage } from '../storage/storage.ts'
import { createGuestAgent } from './guest-agent.ts'
import { accepted, lookups, ok, vmiRef, vmRef, type Handler } from './lookups.ts'
import { createMemoryDump } from './memory-dump.ts'

type Options = {
  dryRun?: string[]
  paused?: boolean
  gracePeriod?: number
  gracePeriodSeconds?: number
  addedNodeSelector?: Record<string, string>
  name?: string
  disk?: Record<string, unknown> & { name?: string }
  volumeSource?: { persistentVolumeClaim?: { claimName: string }; dataVolume?: { name: string } }
}
type StateChange = { action: 'Start' | 'Stop'; uid?: string; data?: Record<string, string> }

const optionsOf = (request: SubresourceRequest): Options => (request.body ?? {}) as Options
const isDryRun = (request: SubresourceRequest) => optionsOf(request).dryRun?.includes('All') === true

export function createSubresources({ storage, clock, guests }: { storage: Storage; clock: Clock; guests: Guests }): Subresources['http'] {
  const context = createContext({ storage, clock, guests, seed: 7 })
  const { objects, random } = context

  const { vmOf, vmiOf, runningVmiOf } = lookups(objects)
  const { memoryDump, removeMemoryDump } = createMemoryDump(objects)
  const { guestOsInfo, userList, fileSystemList } = createGuestAgent(objects, guests)

  /** Asks virt-controller to stop or start; refused while another such request is underway. */
  function requestState(vm: VirtualMachine, changes: StateChange[]): VirtualMachine {
    if (vm.status?.stateChangeRequests?.length) {
      throw conflict(vmRef, vm.metadata.name, 'unable to complete request: stop/start already underway')
    }
    return objects.setStatus(vms, vm, { ...vm.status, stateChangeRequests: changes })
  }

  /** As a patch by virt-api: the fields that it changes are its own from then on. */
  function patchSpec(vm: VirtualMachine, spec: VirtualMachine['spec']): VirtualMachine {
    const patched = recordUpdate(apiResource(vms), vm, { ...vm, spec }, { manager: 'virt-api', time: timestamp(clock) })
    return storage.update(vms, patched) as unknown as VirtualMachine
  }

  function setRunStrategy(vm: VirtualMachine, runStrategy: string): void {
    const { running: _, ...spec } = vm.spec
    if (vm.status?.restoreInProgress && runStrategy !== 'Halted') {
      // virt-api patches the VM itself: what the webhook answers comes back wrapped.
      throw internalError(
        `admission webhook "virtualmachine-validator.kubevirt.io" denied the request: Cannot start VM until restore "${vm.status.restoreInProgress}" completes`,
      )
    }
    // The deprecated field stays the one that is used where it was used.
    patchSpec(vm, vm.spec.running === undefined ? { ...spec, runStrategy } : { ...spec, running: runStrategy === 'Always' })
  }

  const start: Handler = (request) => {
    const vm = vmOf(request)
    const vmi = objects.get(vmis, request.namespace, request.name)
    if (vmi && !isFinal(vmi)) throw conflict(vmRef, request.name, 'VM is already running')
    if (conditionOf(vm, 'ManualRecoveryRequired')?.status === 'True') {
      throw conflict(vmRef, request.name, `VM recovery required: ${conditionOf(vm, 'ManualRecoveryRequired')?.message ?? ''}`)
    }
    const strategy = runStrategyOf(vm)
    const startRequest: StateChange = { action: 'Start', ...(optionsOf(request).paused ? { data: { paused: 'true' } } : {}) }
    switch (strategy) {
      case 'Halted':
        if (isDryRun(request)) return accepted
        if (optionsOf(request).paused) requestState(vm, [startRequest])
        else setRunStrategy(vm, 'Always')
        return accepted
      case 'RerunOnFailure':
      case 'Manual':
        if (strategy === 'RerunOnFailure' && vmi?.status?.phase === 'Failed') {
          throw conflict(vmRef, request.name, 'RerunOnFailure does not support starting VM from failed state')
        }
        if (isDryRun(request)) return accepted
        requestState(vm, vmi ? [{ action: 'Stop', uid: vmi.metadata.uid }, startRequest] : [startRequest])
        return accepted
      default:
        throw conflict(vmRef, request.name, `${strategy} does not support manual start requests`)
    }
  }

  const stop: Handler = (request) => {
    const vm = vmOf(request)
    const vmi = objects.get(vmis, request.namespace, request.name)
    const live = vmi && !isFinal(vmi) ? vmi : undefined
    const grace = optionsOf(request).gracePeriod ?? optionsOf(request).gracePeriodSeconds
    const strategy = runStrategyOf(vm)
    if (grace !== undefined && grace < 0) throw badRequest('gracePeriod has to be greater or equal to 0')
    if (!live && strategy !== 'Always' && strategy !== 'Once') throw conflict(vmRef, request.name, 'VM is not running')
    const before = live?.spec?.terminationGracePeriodSeconds
    if (strategy === 'Halted' && (grace === undefined || (before !== undefined && grace >= before))) {
      throw conflict(vmRef, request.name, 'Halted only supports manual stop requests with a shorter graceperiod')
    }
    if (isDryRun(request)) return accepted
    if (live && grace !== undefined) {
      objects.setSpec(vmis, live, { ...live.spec, terminationGracePeriodSeconds: grace })
    }
    if (strategy === 'Always' || strategy === 'Once') setRunStrategy(vm, 'Halted')
    else if (strategy !== 'Halted' && live) requestState(vm, [{ action: 'Stop', uid: live.metadata.uid }])
    return accepted
  }

  const restart: Handler = (request) => {
    const grace = optionsOf(request).gracePeriodSeconds ?? optionsOf(request).gracePeriod
    if (grace !== undefined && grace > 0) throw badRequest('For force restart, only gracePeriod=0 is supported for now')
    if (grace !== undefined && grace < 0) throw badRequest('gracePeriod has to be greater or equal to 0')
    const vm = vmOf(request)
    const strategy = runStrategyOf(vm)
    if (strategy === 'Halted' || strategy === 'Once') {
      throw conflict(vmRef, request.name, `RunStategy ${strategy} does not support manual restart requests`)
    }
    const vmi = objects.get(vmis, request.namespace, request.name)
    if (!vmi) throw conflict(vmRef, request.name, 'VM is not running: Halted')
    if (isDryRun(request)) return accepted
    requestState(vm, [{ action: 'Stop', uid: vmi.metadata.uid }, { action: 'Start' }])
    if (grace === 0 && !isFinal(vmi)) objects.setSpec(vmis, vmi, { ...vmi.spec, terminationGracePeriodSeconds: 0 })
    return accepted
  }

  const pause: Handler = (request) => {
    const vmi = runningVmiOf(request)
    if (isPaused(vmi)) throw conflict(vmiRef, request.name, 'VMI is already paused')
    if (vmi.spec?.livenessProbe && !vmi.spec.livenessProbe.guestAgentPing) {
      throw forbidden(vmiRef, request.name, 'Pausing VMIs with a non-GuestAgentPing LivenessProbe is not supported')
    }
    if (!isDryRun(request)) setPaused(context, vmi, true)
    return ok
  }

  const unpause: Handler = (request) => {
    const vmi = runningVmiOf(request, 'VMI is not running')
    const vm = objects.get(vms, request.namespace, request.name)
    if (vm?.status?.snapshotInProgress) throw conflict(vmiRef, request.name, 'VM snapshot is in progress')
    if (!isPaused(vmi)) throw conflict(vmiRef, request.name, 'VMI is not paused')
    if (!isDryRun(request)) setPaused(context, vmi, false)
    return ok
  }

  const softReboot: Handler = (request) => {
    const vmi = runningVmiOf(request)
    if (isPaused(vmi)) throw conflict(vmiRef, request.name, 'VMI is paused')
    if (!isTrue(vmi, 'AgentConnected') && vmi.spec?.domain?.features?.acpi?.enabled === false) {
      throw conflict(vmiRef, request.name, 'VMI neither have the agent connected nor the ACPI feature enabled')
    }
    guests.reset(vmi.metadata.uid, 'request')
    return ok
  }

  const reset: Handler = (request) => {
    guests.reset(runningVmiOf(request).metadata.uid, 'button')
    return ok
  }

  const freeze =
    (frozen: boolean): Handler =>
    (request) => {
      const vmi = runningVmiOf(request)
      const draft = draftStatus(context, vmi)
      if (frozen) draft.status.fsFreezeStatus = 'frozen'
      else delete draft.status.fsFreezeStatus
      draft.write()
      return ok
    }

  const migrate: Handler = (request) => {
    vmOf(request)
    const vmi = runningVmiOf(request)
    const refusal = refuseMigration(objects, request.namespace, vmi.metadata.name)
    // virt-api creates the migration itself: what its webhook answers comes back wrapped.
    if (refusal) throw internalError(refusal.status.message ?? '')
    if (isDryRun(request)) return accepted
    const { addedNodeSelector } = optionsOf(request)
    objects.create(migrations, {
      metadata: {
        name: `kubevirt-migrate-vm-${random.suffix()}`,
        generateName: 'kubevirt-migrate-vm-',
        namespace: request.namespace,
        labels: { 'kubevirt.io/vmi-name': request.name },
        finalizers: ['kubevirt.io/migrationJobFinalize'],
        generation: 1,
      },
      spec: { vmiName: request.name, ...(addedNodeSelector ? { addedNodeSelector } : {}) },
    })
    return accepted
  }

  /** Adds to the VMI, and for the VM's subresource to the template, too. */
  const addVolume =
    (persistent: boolean): Handler =>
    (request) => {
      const { name, disk, volumeSource } = optionsOf(request)
      if (!name) throw badRequest('AddVolumeOptions requires name to be set')
      if (!disk) throw badRequest('AddVolumeOptions requires disk to not be nil')
      if (!volumeSource) throw badRequest('AddVolumeOptions requires VolumeSource to not be nil')
      const vm = persistent ? vmOf(request) : undefined
      const vmi = persistent ? objects.get(vmis, request.namespace, request.name) : runningVmiOf(request, 'VMI is not running')
      const ref = persistent ? vmRef : vmiRef
      const taken = vm ? vm.spec.template?.spec?.volumes : vmi?.spec?.volumes
      if (taken?.some((volume) => volume.name === name)) {
        throw conflict(ref, request.name, `Unable to add volume [${name}] because volume with that name already exists`)
      }
      if (isMigrating(vmi)) throw conflict(ref, request.name, 'Cannot handle volume requests while VMI migration is in progress')
      if (isDryRun(request)) return accepted
      const volume = volumeSource.dataVolume
        ? { name, dataVolume: { ...volumeSource.dataVolume, hotpluggable: true } }
        : { name, persistentVolumeClaim: { claimName: volumeSource.persistentVolumeClaim?.claimName ?? '', hotpluggable: true } }
      const plug = <T extends { domain: VirtualMachineInstance['spec']['domain']; volumes?: VirtualMachineInstance['spec']['volumes'] }>(
        spec: T,
      ): T => ({
        ...spec,
        domain: { ...spec.domain, devices: { ...spec.domain.devices, disks: [...(spec.domain.devices?.disks ?? []), { ...disk, name }] } },
        volumes: [...(spec.volumes ?? []), volume],
      })
      if (vmi && !isFinal(vmi)) objects.setSpec(vmis, vmi, plug(vmi.spec))
      if (vm?.spec.template.spec) {
        const template = { ...vm.spec.template, spec: plug(vm.spec.template.spec as never) }
        const stored = patchSpec(vm, { ...vm.spec, template })
        followGeneration(stored, request)
      }
      return accepted
    }

  const removeVolume =
    (persistent: boolean): Handler =>
    (request) => {
      const { name } = optionsOf(request)
      if (!name) throw badRequest('RemoveVolumeOptions requires name to be set')
      const vm = persistent ? vmOf(request) : undefined
      const vmi = persistent ? objects.get(vmis, request.namespace, request.name) : runningVmiOf(request, 'VMI is not running')
      const pluggedIn = (volumes: VirtualMachineInstance['spec']['volumes']) =>
        volumes?.find((volume) => volume.name === name && (volume.persistentVolumeClaim?.hotpluggable || volume.dataVolume?.hotpluggable))
      if (isMigrating(vmi))
        throw conflict(persistent ? vmRef : vmiRef, request.name, 'Cannot handle volume requests while VMI migration is in progress')
      if (!persistent && !pluggedIn(vmi?.spec?.volumes)) {
        throw conflict(vmiRef, request.name, `Unable to remove volume [${name}] because it does not exist`)
      }
      if (isDryRun(request)) return accepted
      const unplug = <T extends { domain: VirtualMachineInstance['spec']['domain']; volumes?: VirtualMachineInstance['spec']['volumes'] }>(
        spec: T,
      ): T => ({
        ...spec,
        domain: {
          ...spec.domain,
          devices: { ...spec.domain.devices, disks: spec.domain.devices?.disks?.filter((disk) => disk.name !== name) },
        },
        volumes: spec.volumes?.filter((volume) => volume.name !== name),
      })
      if (vmi && pluggedIn(vmi.spec?.volumes)) objects.setSpec(vmis, vmi, unplug(vmi.spec))
      if (vm?.spec.template.spec && pluggedIn(vm.spec.template.spec.volumes)) {
        const template = { ...vm.spec.template, spec: unplug(vm.spec.template.spec as never) }
        const stored = patchSpec(vm, { ...vm.spec, template })
        followGeneration(stored, request)
      }
      return accepted
    }

  /** A hot-plugged VMI is what its VM now asks for. */
  function followGeneration(vm: VirtualMachine, { namespace, name }: SubresourceRequest): void {
    const vmi = objects.get(vmis, namespace, name)
    if (!vmi || conditionOf(vm, 'RestartRequired')) return
    objects.setMetadata(vmis, vmi, {
      annotations: { ...vmi.metadata.annotations, 'kubevirt.io/vm-generation': String(vm.metadata.generation ?? 1) },
    })
  }

  /** A VM with its instance type and preference spelt out, as Go writes it: empty structs and unset times included. */
  function expanded(vm: VirtualMachine): object {
    const { instancetype: _, preference: __, ...spec } = vm.spec
    const { metadata, spec: templateSpec } = vm.spec.template
    const vmiSpec = applyInstancetype(templateSpec as VirtualMachineInstance['spec'], {
      instancetype: findInstancetype(objects, vm),
      preference: findPreference(objects, vm),
    })
    return {
      ...vm,
      metadata: { ...vm.metadata, creationTimestamp: vm.metadata.creationTimestamp ?? null },
      spec: {
        ...spec,
        template: {
          metadata: { creationTimestamp: null, ...(metadata as object) },
          spec: { ...vmiSpec, domain: { resources: {}, ...vmiSpec.domain } },
        },
      },
      status: vm.status ?? {},
    }
  }

  const expandSpec: Handler = (request) => ({ code: 200, json: expanded(vmOf(request)) })

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/expand.go */
  const expandVmSpec: Handler = (request) => {
    const vm = request.body as VirtualMachine | undefined
    if (!vm?.spec) throw badRequest('Request does not contain object')
    if (vm.metadata?.namespace && vm.metadata.namespace !== request.namespace)
      throw badRequest('VM namespace must be empty or ' + request.namespace)
    return { code: 200, json: expanded({ ...vm, metadata: { ...vm.metadata, namespace: request.namespace } }) }
  }

  const objectGraph: Handler = () => {
    throw badRequest('ObjectGraph feature gate not enabled: Unable to return object graph.')
  }

  const screenshot: Handler = (request) => {
    const vmi = vmiOf(request)
    if (vmi.status?.phase !== 'Running') throw conflict(vmiRef, request.name, 'VMI is not running')
    if (vmi.spec?.domain?.devices?.autoattachGraphicsDevice === false) throw badRequest('No graphics devices are present.')
    const png = guests.screenshot(vmi.metadata.uid)
    if (!png) throw internalError('websocket: close 1006 (abnormal closure): unexpected EOF')
    return { code: 200, png }
  }

  const sev: Handler = () => {
    throw badRequest("'WorkloadEncryptionSEV' feature gate is not enabled")
  }

  const put = (handle: Handler) => ({ methods: ['PUT'], handle })
  const get = (handle: Handler) => ({ methods: ['GET'], handle })
  return new Map([
    ['virtualmachines/start', put(start)],
    ['virtualmachines/stop', put(stop)],
    ['virtualmachines/restart', put(restart)],
    ['virtualmachines/migrate', put(migrate)],
    ['virtualmachines/addvolume', put(addVolume(true))],
    ['virtualmachines/removevolume', put(removeVolume(true))],
    ['virtualmachines/expand-spec', get(expandSpec)],
    ['virtualmachines/memorydump', put(memoryDump)],
    ['virtualmachines/removememorydump', put(removeMemoryDump)],
    ['virtualmachines/objectgraph', get(objectGraph)],
    ['virtualmachineinstances/objectgraph', get(objectGraph)],
    ['expand-vm-spec', put(expandVmSpec)],
    ['virtualmachineinstances/pause', put(pause)],
    ['virtualmachineinstances/unpause', put(unpause)],
    ['virtualmachineinstances/softreboot', put(softReboot)],
    ['virtualmachineinstances/reset', put(reset)],
    ['virtualmachineinstances/freeze', put(freeze(true))],
    ['virtualmachineinstances/unfreeze', put(freeze(false))],
    ['virtualmachineinstances/addvolume', put(addVolume(false))],
    ['virtualmachineinstances/removevolume', put(removeVolume(false))],
    ['virtualmachineinstances/guestosinfo', get(guestOsInfo)],
    ['virtualmachineinstances/userlist', get(userList)],
    ['virtualmachineinstances/filesystemlist', get(fileSystemList)],
    ['virtualmachineinstances/vnc/screenshot', get(screenshot)],
    ['virtualmachineinstances/sev/fetchcertchain', get(sev)],
    ['virtualmachineinstances/sev/querylaunchmeasurement', get(sev)],
    ['virtualmachineinstances/sev/setupsession', put(sev)],
    ['virtualmachineinstances/sev/injectlaunchsecret', put(sev)],
  ])
}

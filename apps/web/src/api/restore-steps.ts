// Stop, restore, start: which step a restore is at, told by the objects, so that a reload finds its place again.
import type { VirtualMachine, VirtualMachineRestore } from '@virtdeck/k8s'

/** On the VirtualMachineRestore: the VM ran before and is to run again afterwards. */
export const startAfterAnnotation = 'virtdeck.io/start-after-restore'

type RestoreStep = { id: 'stop' | 'restore' | 'start'; label: string; state: 'done' | 'now' | 'todo' | 'failed'; detail?: string }

type RestoreProgress = {
  steps: RestoreStep[]
  outcome: 'working' | 'done' | 'failed'
  /** The request without which it does not go on. */
  due?: 'stop' | 'start'
}

/** With these run strategies a stopped VM is started by KubeVirt itself. */
const startsItself = new Set(['Always', 'RerunOnFailure', 'Once'])

/** The VM itself says whether its VMI is still there: the user may not be allowed to see that. */
export function restoreProgress(restore: VirtualMachineRestore, vm: VirtualMachine | undefined): RestoreProgress {
  const { status, metadata } = restore
  const startAfter = metadata.annotations?.[startAfterAnnotation] === 'true'
  const complete = status?.complete === true
  const failure = status?.conditions?.find((one) => one.type === 'Failure' && one.status === 'True')
  const running = vm?.status?.created === true || !['Stopped', undefined].includes(vm?.status?.printableStatus)
  const strategy = vm?.spec.runStrategy ?? ''
  const progressing = status?.conditions?.find((one) => one.type === 'Progressing')

  const stop: RestoreStep = { id: 'stop', label: 'Stop', state: complete || !running ? 'done' : failure ? 'failed' : 'now' }
  const restoring: RestoreStep = {
    id: 'restore',
    label: 'Restore disks and settings',
    state: complete ? 'done' : failure ? 'failed' : running ? 'todo' : 'now',
    detail: failure ? (failure.message ?? failure.reason) : complete || running ? undefined : (progressing?.message ?? progressing?.reason),
  }
  const started = complete && (running || startsItself.has(strategy))
  const start: RestoreStep = { id: 'start', label: 'Start again', state: started ? 'done' : complete ? 'now' : 'todo' }

  const steps = startAfter ? [stop, restoring, start] : running && !complete ? [stop, restoring] : [restoring]
  const done = complete && (!startAfter || started)
  return {
    steps,
    outcome: done ? 'done' : failure ? 'failed' : 'working',
    due:
      failure || done
        ? undefined
        : complete
          ? 'start'
          : running && strategy !== 'Halted' && vm?.status?.printableStatus !== 'Stopping'
            ? 'stop'
            : undefined,
  }
}

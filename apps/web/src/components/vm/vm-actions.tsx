// A VM's verbs as data: the row menu, the page's verb bar and the command palette all show this one list.
import { verbAccess, vmCan, type VmRow, type VmVerb } from '@virtdeck/kubevirt'
import { useNavigate } from 'react-router'
import { useAccess } from '../../api/access.ts'
import { verbWords } from '../../api/outcome.ts'
import type { Action } from '../action.ts'
import { paths } from '../../paths.ts'
import { toast } from '../../stores/toasts.ts'
import { useVerbLocks } from './pending-verbs.ts'
import { runVerb } from './run-verb.ts'
import { useVmDialog, type DialogVerb } from './vm-dialog-url.ts'
import { asksFirst, sshCommand, vmActionEntries, type VmActionId } from './vm-verbs.ts'
import { verbIcons } from './verb-icons.tsx'

const isVerb = (id: VmActionId): id is VmVerb => id !== 'yaml' && id !== 'copySsh'

/**
 * Every verb, always, in the same order. What is impossible stays and says why: first the VM's state, since nobody's
 * rights change that, then the missing permission.
 */
export function useVmActions(row: VmRow): Action[] {
  const access = useAccess(row.namespace)
  const navigate = useNavigate()
  const dialog = useVmDialog()
  const locks = useVerbLocks(row)

  function reason(id: VmActionId): string | undefined {
    if (!isVerb(id)) return undefined
    const possible = id === 'restore' ? restorePossible(row) : vmCan[id](row)
    if (!possible.possible) return possible.reason
    if (locks.has(id)) return verbWords(id, row.name).doing
    const answer = access(accessTo(id, row))
    if (answer.pending) return 'Asking the cluster whether you may'
    return answer.allowed ? undefined : answer.reason
  }

  function run(id: VmActionId): void | Promise<void> {
    if (asksFirst(id)) return dialog.open(id, row)
    switch (id) {
      case 'start':
      case 'pause':
      case 'unpause':
        return runVerb(id, row)
      case 'vnc':
        return navigate(paths.vmConsole(row, 'vnc'))
      case 'console':
        return navigate(paths.vmConsole(row, 'serial'))
      case 'restore':
        return navigate(paths.virtualMachine(row, 'snapshots'))
      case 'yaml':
        return navigate(paths.virtualMachine(row, 'yaml'))
      case 'copySsh':
        return copySshCommand(row)
      default:
        return id satisfies never
    }
  }

  return vmActionEntries.map((entry) => ({ ...entry, icon: verbIcons[entry.id], disabled: reason(entry.id), run: () => run(entry.id) }))
}

/** A rule may name the one object: what creates none asks about the one that it is done to. */
function accessTo(verb: VmVerb, { name, migration }: VmRow) {
  const question = verbAccess(verb)
  if (question.verb === 'create') return question
  return { ...question, name: verb === 'cancelMigration' ? migration?.name : name }
}

/** Why a verb's dialog, to which a URL may lead anybody, cannot carry it out now. */
export function useVerbReason(verb: DialogVerb, row: VmRow): string | undefined {
  return useVmActions(row).find((action) => action.id === verb)?.disabled
}

/** A running VM is stopped on the way. */
function restorePossible(row: VmRow) {
  const restore = vmCan.restore(row)
  return restore.possible || !vmCan.stop(row).possible ? restore : vmCan.stop(row)
}

async function copySshCommand(row: VmRow): Promise<void> {
  const id = `copy ssh ${row.uid}`
  try {
    await navigator.clipboard.writeText(sshCommand(row))
    toast.done(id, 'Copied the SSH command')
  } catch {
    toast.failed(id, 'Could not copy the SSH command', 'The browser refused access to the clipboard.')
  }
}

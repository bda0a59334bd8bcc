import { useNavigate } from 'react-router'
import type { Action } from '../../components/action.ts'
import { paths, type VmRef } from '../../paths.ts'
import { useShortcut } from '../../stores/shortcuts.ts'

/** Single keys of a VM's page: `c m s y` and the tabs. None for what destroys. */
export function useVmShortcuts(ref: VmRef, actions: readonly Action[]) {
  const navigate = useNavigate()
  useActionShortcut('c', 'Open console', actions, 'vnc')
  useActionShortcut('m', 'Migrate', actions, 'migrate')
  useActionShortcut('s', 'Take snapshot', actions, 'snapshot')
  useActionShortcut('y', 'View YAML', actions, 'yaml')
  useShortcut('1', { label: 'Overview', group: 'Virtual machine', run: () => void navigate(paths.virtualMachine(ref)) })
  useShortcut('2', { label: 'Console', group: 'Virtual machine', run: () => void navigate(paths.virtualMachine(ref, 'console')) })
  useShortcut('3', { label: 'Snapshots', group: 'Virtual machine', run: () => void navigate(paths.virtualMachine(ref, 'snapshots')) })
  useShortcut('4', { label: 'Events', group: 'Virtual machine', run: () => void navigate(paths.virtualMachine(ref, 'events')) })
  useShortcut('5', { label: 'YAML', group: 'Virtual machine', run: () => void navigate(paths.virtualMachine(ref, 'yaml')) })
}

function useActionShortcut(keys: string, label: string, actions: readonly Action[], id: string) {
  const action = actions.find((one) => one.id === id)
  useShortcut(keys, { label, group: 'Virtual machine', enabled: action !== undefined && !action.disabled, run: () => void action?.run() })
}

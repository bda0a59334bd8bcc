import { useNavigate, useSearchParams } from 'react-router'
import { useAccess } from '../../api/access.ts'
import type { Action } from '../../components/action.ts'
import { useRowDialog } from '../../components/fleet/row-dialog.ts'
import { paths } from '../../paths.ts'
import { CheckIcon, LockIcon, MigrateIcon, TagIcon, VmIcon } from '../../ui/icons.ts'
import type { NodeLoad } from './node-loads.ts'
import { cordonAloud, patchNodes } from './node-verbs.ts'

/** A node's verbs; the plan of draining one is `?drain=NODE`. */
export function useNodeActions(node: NodeLoad): Action[] {
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const dialog = useRowDialog()
  const answer = useAccess()(patchNodes)
  const denied = answer.pending ? 'Asking the cluster whether you may' : answer.allowed ? undefined : answer.reason
  return [
    {
      id: 'vms',
      label: 'VMs on it',
      icon: VmIcon,
      group: 'look',
      run: () => void navigate(paths.virtualMachines(`node:${node.name}`)),
    },
    {
      id: 'cordon',
      label: 'Cordon',
      icon: LockIcon,
      group: 'schedule',
      disabled: node.unschedulable ? 'It is cordoned already.' : denied,
      run: () => cordonAloud(node, true),
    },
    {
      id: 'uncordon',
      label: 'Uncordon',
      icon: CheckIcon,
      group: 'schedule',
      disabled: node.unschedulable ? denied : 'It is not cordoned.',
      run: () => cordonAloud(node, false),
    },
    {
      id: 'label',
      label: 'Label…',
      icon: TagIcon,
      group: 'label',
      disabled: denied,
      run: () => dialog.open('label', node),
    },
    {
      id: 'drain',
      label: 'Drain…',
      icon: MigrateIcon,
      group: 'drain',
      run: () => {
        const next = new URLSearchParams(search)
        next.set('drain', node.name)
        setSearch(next)
      },
    },
  ]
}

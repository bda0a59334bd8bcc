import { diagnoses } from '@virtdeck/kubevirt'
import { resources } from '@virtdeck/k8s'
import { useNow } from '../../api/now.ts'
import { useWatchList } from '../../api/watch.ts'
import { Diagnosis } from '../../components/diagnosis.tsx'
import { Button } from '../../ui/button.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { verbIcons } from '../../components/vm/verb-icons.tsx'
import { useVmDialog } from '../../components/vm/vm-dialog-url.ts'

/** At most two: a page of warnings is a page that nobody reads. */
const shown = 2

export function DiagnosisPanel({ objects: { vm, vmi, row, dataVolumes, migrations } }: { objects: VmObjects }) {
  const actions = useVmActions(row)
  const dialog = useVmDialog()
  const now = Math.floor(useNow(60_000) / 1000)
  const pods = useWatchList(resources.pods, {
    namespace: row.namespace,
    labelSelector: `kubevirt.io=virt-launcher,vm.kubevirt.io/name=${row.name}`,
  }).items
  return diagnoses({ vm, vmi, pods, dataVolumes, migrations, now })
    .slice(0, shown)
    .map(({ tone, title, body, evidence, fix }) => {
      const action = actions.find((one) => one.id === fix?.verb)
      const cannotMigrate = evidence.some((one) => one.name === 'LiveMigratable')
      return (
        <Diagnosis
          key={title}
          tone={tone}
          title={title}
          body={body}
          evidence={evidence.map((one) => ({ ...one, since: one.since !== undefined && <Elapsed since={one.since} /> }))}
          fix={
            fix && action ? (
              <Button icon={action.icon} disabledReason={action.disabled} onClick={() => void action.run()}>
                {fix.text}
              </Button>
            ) : (
              cannotMigrate && (
                <Button icon={verbIcons.migrate} onClick={() => dialog.open('migrate', row)}>
                  Why not…
                </Button>
              )
            )
          }
        />
      )
    })
}

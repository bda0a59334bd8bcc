// Live migration: where to, why not elsewhere, and then how far it is. The dialog's URL stays the same throughout.
import { resources, type VirtualMachineInstance, type VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { currentMigration, migrationIsActive, networksOf, vmCan, vmCommand, type VmRow } from '@virtdeck/kubevirt'
import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import { useRef, useState, type CSSProperties } from 'react'
import { useAccess } from '../../api/access.ts'
import { useFleet } from '../../api/fleet.ts'
import { useWatchList, useWatchObject } from '../../api/watch.ts'
import { Button } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Dash } from '../../ui/dash.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckIcon, CloseIcon, MigrateIcon } from '../../ui/icons.ts'
import { IconMark } from '../../ui/icon.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { ErrorLine } from './error-line.tsx'
import { MigrationBlockers } from './migration-blockers-panel.tsx'
import { MigrationProgressDialog } from './migration-progress.tsx'
import { migrateTargets, type MigrateTarget } from './migrate-targets.ts'
import { useDialogVerb } from './power-dialogs.tsx'
import { useVerbReason } from '../../components/vm/vm-actions.tsx'

export function MigrateDialog({ row, onClose }: { row: VmRow; onClose(): void }) {
  const migrations = useWatchList(resources.virtualMachineInstanceMigrations, {
    namespace: row.namespace,
    labelSelector: `kubevirt.io/vmi-name=${row.name}`,
  })
  const { object: vmi } = useWatchObject(resources.virtualMachineInstances, row)
  // Once the dialog has shown a migration it goes on to show its end; an older one is history.
  const [shown, setShown] = useState<string>()
  const latest = currentMigration(migrations.items)
  const followed = migrations.items.find((one) => one.metadata.uid === shown)
  const migration = migrationIsActive(latest) ? latest : followed

  if (migration) {
    if (shown !== migration.metadata.uid) setShown(migration.metadata.uid)
    return <MigrationProgressDialog row={row} migration={migration} vmi={vmi} onClose={onClose} onAgain={() => setShown(undefined)} />
  }
  if (migrations.status === 'loading' || (migrations.status === 'ready' && row.status === 'Migrating')) {
    return (
      <Dialog title={`Migrate ${row.name}`} onClose={onClose}>
        <Spinner label="Looking for its migration" />
      </Dialog>
    )
  }
  // Who may not see the migration has nothing to wait for here: the row tells.
  const onAccepted = migrations.status === 'error' ? onClose : () => {}
  return <ChooseTarget row={row} vmi={vmi} migrations={migrations.items} onAccepted={onAccepted} onClose={onClose} />
}

type ChooseTargetProps = {
  row: VmRow
  vmi: VirtualMachineInstance | undefined
  migrations: readonly VirtualMachineInstanceMigration[]
  onAccepted: () => void
  onClose: () => void
}

function ChooseTarget({ row, vmi, migrations, onAccepted, onClose }: ChooseTargetProps) {
  const [node, setNode] = useState<string>()
  const cancel = useRef<HTMLButtonElement>(null)
  const mayListNodes = useAccess()({ verb: 'list', group: '', resource: 'nodes' })
  const { pending, error, run } = useDialogVerb('migrate', row, onAccepted)
  const reason = useVerbReason('migrate', row)
  const possible = vmCan.migrate(row).possible
  const options = { name: migrationName(row, migrations), ...(node && { targetNode: node }) }
  const address = row.ips?.[0]

  return (
    <Dialog
      title={possible ? `Migrate ${row.name}` : `Why ${row.name} can’t migrate`}
      wide
      onClose={onClose}
      initialFocus={cancel}
      footer={
        <>
          <CommandLine command={vmCommand('migrate', row, options)} />
          <Button ref={cancel} onClick={onClose}>
            {possible ? 'Cancel' : 'Close'}
          </Button>
          <Button
            variant="primary"
            icon={MigrateIcon}
            loading={pending}
            disabledReason={pending ? undefined : reason}
            onClick={() => void run(options)}
          >
            {node ? `Migrate to ${node}` : 'Migrate'}
          </Button>
        </>
      }
    >
      {possible ? (
        <>
          <p>
            It keeps running; expect a pause well under a second at the end. Consoles reconnect by themselves.{' '}
            {address && <Address ip={address} vmi={vmi} />}
          </p>
          {mayListNodes.allowed ? (
            <Targets row={row} vmi={vmi} chosen={node} onChoose={setNode} />
          ) : (
            <p className="hint">
              {mayListNodes.pending ? (
                <Spinner label="Asking which nodes you may see" />
              ) : (
                `The scheduler chooses the node: ${mayListNodes.reason.charAt(0).toLowerCase()}${mayListNodes.reason.slice(1)}`
              )}
            </p>
          )}
        </>
      ) : (
        <MigrationBlockers row={row} vmi={vmi} />
      )}
      <ErrorLine error={error} />
    </Dialog>
  )
}

/** An address of the pod network belongs to the pod, and the VM gets a new pod; any other moves along. */
function Address({ ip, vmi }: { ip: string; vmi: VirtualMachineInstance | undefined }) {
  const onPodNetwork = networksOf(undefined, vmi).some((network) => network.network.kind === 'pod' && network.ips.includes(ip))
  return (
    <>
      Its address <span className="mono hi">{ip}</span> {onPodNetwork ? 'is one of the pod network and may change.' : 'stays.'}
    </>
  )
}

function Targets({
  row,
  vmi,
  chosen,
  onChoose,
}: {
  row: VmRow
  vmi: VirtualMachineInstance | undefined
  chosen: string | undefined
  onChoose(node: string | undefined): void
}) {
  const nodes = useFleet('nodes')
  const fleet = useFleet('virtualmachines')
  const targets = migrateTargets({ row, vmi, nodes: nodes.rows, vms: fleet.access?.scope === 'cluster' ? fleet.rows : undefined })
  const fitting = targets.filter((target) => !target.reason).length

  return (
    <RadioGroup
      className="panel"
      aria-label="Target"
      value={chosen ?? anyNode}
      onValueChange={(value) => onChoose(value === anyNode ? undefined : String(value))}
    >
      <table className="rt mini">
        <thead>
          <tr>
            <th className="rbcol">
              <span className="sr">Choose</span>
            </th>
            <th>Target</th>
            <th>VM memory now → after</th>
            <th>Fit</th>
          </tr>
        </thead>
        <tbody>
          <tr aria-selected={chosen === undefined} onClick={() => onChoose(undefined)}>
            <td>
              <Radio.Root className="rb" value={anyNode} aria-label="Any node" />
            </td>
            <td className="hi">Any node</td>
            <td>
              <Dash />
            </td>
            <td className="dim">
              {nodes.status === 'ready' ? `Scheduler chooses; ${fitting} of ${targets.length} fit` : 'Scheduler chooses'}
            </td>
          </tr>
          {targets.map((target) => (
            <TargetRow key={target.name} target={target} chosen={chosen === target.name} onChoose={() => onChoose(target.name)} />
          ))}
        </tbody>
      </table>
    </RadioGroup>
  )
}

function TargetRow({ target, chosen, onChoose }: { target: MigrateTarget; chosen: boolean; onChoose(): void }) {
  const { name, reason, memory, room } = target
  return (
    <tr aria-selected={chosen} className={reason ? 'nofit' : undefined} onClick={reason ? undefined : onChoose}>
      <td>
        <Radio.Root className="rb" value={name} aria-label={name} disabled={reason !== undefined} />
      </td>
      <td className={reason ? 'mono' : 'mono hi'}>{name}</td>
      <td>
        {memory ? (
          <span className="row">
            <span
              className="meter w64 two"
              style={twoParts(memory.nowPercent, reason ? 0 : memory.afterPercent - memory.nowPercent)}
              aria-hidden="true"
            />
            <span className="mono dim">
              {reason ? (
                `${memory.nowPercent}%`
              ) : (
                <>
                  {memory.nowPercent} → <b>{memory.afterPercent}%</b>
                </>
              )}
            </span>
          </span>
        ) : (
          <Dash />
        )}
      </td>
      <td>
        <span className={reason ? 'row dim tight' : 'row tight'}>
          <IconMark icon={reason ? CloseIcon : CheckIcon} className={reason ? undefined : 'c-running'} />
          {reason ?? (room === 'most' ? 'Most room' : 'Fits')}
        </span>
      </td>
    </tr>
  )
}

/** Not a node's name: those have no spaces. */
const anyNode = 'any node'

const twoParts = (now: number, added: number) => ({ '--v': `${now}%`, '--a': `${added}%` }) as CSSProperties

/** The first free number, so that a repeated click asks for the same object and a later migration for the next one. */
function migrationName(row: Pick<VmRow, 'name'>, migrations: readonly { metadata: { name: string } }[]): string {
  const taken = new Set(migrations.map((one) => one.metadata.name))
  let number = 1
  while (taken.has(`${row.name}-migration-${number}`)) number += 1
  return `${row.name}-migration-${number}`
}

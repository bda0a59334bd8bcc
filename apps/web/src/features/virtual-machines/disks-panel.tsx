import { disksOf, type DiskFacts } from '@virtdeck/kubevirt'
import { Dash } from '../../ui/dash.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { WarningTag } from '../../ui/status-badge.tsx'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { Bdi } from '../../ui/bdi.tsx'

export function DisksPanel({ objects: { vm, vmi, dataVolumes, claims } }: { objects: VmObjects }) {
  const disks = disksOf(vm, vmi, { dataVolumes, pvcs: claims })
  if (disks.length === 0) return null
  return (
    <Panel title="Disks">
      <div className="hscroll" tabIndex={0} role="group" aria-label="Disks">
        <table className="rt mini">
          <thead>
            <tr>
              <th>Name</th>
              <th>Size</th>
              <th>Volume</th>
              <th>Storage class</th>
              <th>Access</th>
              <th>Bus</th>
              <th>Guest device</th>
            </tr>
          </thead>
          <tbody>
            {disks.map((disk) => (
              <DiskRow key={disk.name} disk={disk} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function DiskRow({ disk }: { disk: DiskFacts }) {
  const { name, sizeBytes, storageClass, accessModes, bus, device, target, phase, progress, claimName, image } = disk
  return (
    <tr>
      <td className="hi nowrap">
        <Bdi>{name}</Bdi>
      </td>
      <td>{sizeBytes === undefined ? <Dash /> : <Quantity bytes={sizeBytes} />}</td>
      <td className="c-volume">
        <span className="row nowrap">
          {claimName ? (
            <Bdi className="mono cut" title={`${sourceWords[disk.source]} ${claimName}`}>
              {claimName}
            </Bdi>
          ) : (
            sourceWords[disk.source]
          )}
          {image && (
            <Bdi className="mono dim cut" title={image}>
              {image}
            </Bdi>
          )}
          {progress !== undefined && (
            <>
              <Progress value={progress} label={`${name}: ${phase ?? 'filling'}`} />
              <span className="mono hi">{Math.round(progress)}%</span>
            </>
          )}
          {progress === undefined && phase && !settled.has(phase) && <Bdi className="c-transit">{phase}</Bdi>}
        </span>
      </td>
      <td>{storageClass ? <Bdi className="mono">{storageClass}</Bdi> : <Dash />}</td>
      <td className="nowrap">{accessModes ? <AccessModes modes={accessModes} /> : <Dash />}</td>
      <td className="nowrap">{bus ? <Bdi>{`${bus}${device === 'disk' ? '' : ` ${device}`}`}</Bdi> : <Dash />}</td>
      <td>{target ? <Bdi className="mono">{`/dev/${target}`}</Bdi> : <Dash />}</td>
    </tr>
  )
}

const settled = new Set(['Succeeded', 'Bound'])

/** A disk that only one node can use keeps the VM on its node. */
function AccessModes({ modes }: { modes: readonly string[] }) {
  const text = modes.join(', ')
  return modes.includes('ReadWriteMany') || modes.includes('ReadOnlyMany') ? (
    text
  ) : (
    <WarningTag title="Only one node at a time can use it, so the VM cannot live-migrate">{text}</WarningTag>
  )
}

const sourceWords: Record<DiskFacts['source'], string> = {
  dataVolume: 'DataVolume',
  persistentVolumeClaim: 'PVC',
  ephemeral: 'Ephemeral',
  containerDisk: 'Container image',
  emptyDisk: 'Empty disk',
  hostDisk: 'Host disk',
  cloudInit: 'cloud-init',
  sysprep: 'Sysprep',
  configMap: 'ConfigMap',
  secret: 'Secret',
  serviceAccount: 'ServiceAccount',
  other: 'Other',
}

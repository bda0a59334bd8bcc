import { networksOf, type NetworkFacts } from '@virtdeck/kubevirt'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Dash } from '../../ui/dash.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { visibleText } from '../../util/visible-text.ts'

export function NetworksPanel({ objects: { vm, vmi } }: { objects: VmObjects }) {
  const networks = networksOf(vm, vmi)
  if (networks.length === 0) return null
  return (
    <Panel title="Network interfaces">
      <div className="hscroll" tabIndex={0} role="group" aria-label="Network interfaces">
        <table className="rt mini">
          <thead>
            <tr>
              <th>Name</th>
              <th>Network</th>
              <th>Binding</th>
              <th>MAC</th>
              <th>IP addresses</th>
              <th>In the guest</th>
            </tr>
          </thead>
          <tbody>
            {networks.map((network) => (
              <NetworkRow key={network.name} network={network} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function NetworkRow({ network: { name, network, binding, model, mac, ips, linkState, guestName } }: { network: NetworkFacts }) {
  return (
    <tr>
      <td className="hi nowrap">
        <Bdi>{name}</Bdi>
      </td>
      <td className="nowrap">
        {network.kind === 'multus' ? (
          <Bdi className="mono">{network.name}</Bdi>
        ) : network.kind === 'pod' ? (
          'Pod network'
        ) : (
          'Made by the guest'
        )}
      </td>
      <td className="nowrap">{binding ? <Bdi>{[binding, model].filter(Boolean).join(', ')}</Bdi> : <Dash />}</td>
      <td className="nowrap">{mac ? <Bdi className="mono">{mac}</Bdi> : <Dash />}</td>
      <td>
        {ips.length === 0 ? (
          <Dash />
        ) : (
          ips.map((ip) => (
            <span key={ip} className="mono ipline">
              <Bdi>{ip}</Bdi>
              <CopyButton text={ip} label={`Copy ${visibleText(ip)}`} />
            </span>
          ))
        )}
      </td>
      <td className="nowrap">
        {guestName ? <Bdi className="mono">{guestName}</Bdi> : <Dash />}{' '}
        {linkState === 'down' && <span className="c-warning">link down</span>}
      </td>
    </tr>
  )
}

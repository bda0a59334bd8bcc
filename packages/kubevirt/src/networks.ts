// A VM's network interfaces: spec and what the guest or KubeVirt reports of them.
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'

export type NetworkFacts = {
  /** The name in the spec, or that of an interface which only the guest knows. */
  name: string
  /** What it is attached to: the pod network, or a NetworkAttachmentDefinition (`NAMESPACE/NAME`). */
  network: { kind: 'pod' } | { kind: 'multus'; name: string } | { kind: 'guest' }
  /** How it is attached: `masquerade`, `bridge`, `sriov`, or a plugin's name. */
  binding?: string
  model?: string
  mac?: string
  ips: string[]
  linkState?: string
  /** The guest's own name: `eth0`. Needs the guest agent. */
  guestName?: string
}

const bindings = ['masquerade', 'bridge', 'sriov', 'slirp', 'macvtap', 'passt', 'passtBinding'] as const

/** Interfaces in the order of the spec, then those that the guest made itself (`docker0`). */
export function networksOf(vm: VirtualMachine | undefined, vmi: VirtualMachineInstance | undefined): NetworkFacts[] {
  const spec = vmi?.spec ?? vm?.spec.template.spec
  const reported = vmi?.status?.interfaces ?? []
  const own = (spec?.domain?.devices?.interfaces ?? []).map((iface): NetworkFacts => {
    const network = spec?.networks?.find((item) => item.name === iface.name)
    const status = reported.find((item) => item.name === iface.name)
    const binding = iface.binding?.name ?? bindings.find((key) => iface[key] !== undefined)
    const mac = status?.mac ?? iface.macAddress
    return {
      name: iface.name,
      network: network?.multus ? { kind: 'multus', name: network.multus.networkName } : { kind: 'pod' },
      ...(binding && { binding: binding === 'passtBinding' ? 'passt' : binding }),
      ...(iface.model && { model: iface.model }),
      ...(mac && { mac }),
      ips: ipsOf(status),
      ...(status?.linkState && { linkState: status.linkState }),
      ...(status?.interfaceName && { guestName: status.interfaceName }),
    }
  })
  const names = new Set(own.map(({ name }) => name))
  const guests = reported
    .filter((status) => !status.name || !names.has(status.name))
    .map((status): NetworkFacts => ({
      name: status.name ?? status.interfaceName ?? status.mac ?? '',
      network: { kind: 'guest' },
      ...(status.mac && { mac: status.mac }),
      ips: ipsOf(status),
      ...(status.interfaceName && { guestName: status.interfaceName }),
    }))
  return [...own, ...guests]
}

function ipsOf(status: { ipAddress?: string; ipAddresses?: string[] } | undefined): string[] {
  return [...new Set([status?.ipAddress, ...(status?.ipAddresses ?? [])].filter((ip): ip is string => Boolean(ip)))]
}

// Connections into a VMI that are not consoles: ports, USB, vsock. Nothing listens behind them.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/portforward.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/subresource.go
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { WebSocketServer } from 'ws'
import type { SubresourceRequest, Subresources } from '../api/context.ts'
import { badRequest, conflict, notFound } from '../api/status.ts'
import type { Clock, Timer } from '../clock.ts'
import { vmis } from '../controllers/objects.ts'
import type { Storage } from '../storage/storage.ts'
import { vmiRef } from './lookups.ts'

const subprotocol = 'plain.kubevirt.io'
const keepAliveMs = 1000

export function createConnections({ storage, clock }: { storage: Storage; clock: Clock }): Subresources['upgrade'] {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })

  function runningVmi({ namespace, name }: SubresourceRequest): VirtualMachineInstance {
    const vmi = storage.get(vmis, namespace, name) as VirtualMachineInstance | undefined
    if (!vmi) throw notFound(vmiRef, name)
    if (vmi.status?.phase !== 'Running') throw conflict(vmiRef, name, 'VMI is not running')
    return vmi
  }

  /** The dial into the guest hangs, as it does where nothing answers; meanwhile virt-api keeps the connection alive. */
  const portForward: NonNullable<ReturnType<Subresources['upgrade']['get']>> = (request, raw) => {
    runningVmi(request)
    const { req, socket, head } = raw
    sockets.handleUpgrade(req, socket, head, (websocket) => {
      let timer: Timer
      const keepAlive = () => {
        websocket.ping('keep alive')
        timer = clock.after(keepAliveMs, keepAlive)
      }
      timer = clock.after(keepAliveMs, keepAlive)
      websocket.on('error', () => websocket.terminate())
      websocket.on('close', () => timer.cancel())
    })
  }

  return new Map([
    ['virtualmachineinstances/portforward', portForward],
    ['virtualmachines/portforward', portForward],
    [
      'virtualmachineinstances/usbredir',
      (request) => {
        runningVmi(request)
        throw conflict(vmiRef, request.name, 'Not configured with USB Redirection')
      },
    ],
    [
      'virtualmachineinstances/vsock',
      (request) => {
        runningVmi(request)
        throw badRequest('VSOCK is not attached.')
      },
    ],
  ])
}

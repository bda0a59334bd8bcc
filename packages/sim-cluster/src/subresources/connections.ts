// Connections into a VMI that are not consoles: ports, USB, vsock.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/portforward.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/subresource.go
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { WebSocketServer } from 'ws'
import type { SubresourceRequest, Subresources } from '../api/context.ts'
import { badRequest, conflict, notFound } from '../api/status.ts'
import type { Clock, Timer } from '../clock.ts'
import { vmis } from '../controllers/objects.ts'
import type { Guests } from '../guests/guest.ts'
import type { Storage } from '../storage/storage.ts'
import { vmiRef } from './lookups.ts'

const subprotocol = 'plain.kubevirt.io'
const keepAliveMs = 1000

export function createConnections({ storage, clock, guests }: { storage: Storage; clock: Clock; guests: Guests }): Subresources['upgrade'] {
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

  /** Where nothing listens, the dial into the guest hangs; meanwhile virt-api keeps the connection alive. */
  const portForward: NonNullable<ReturnType<Subresources['upgrade']['get']>> = (request, raw) => {
    const { uid } = runningVmi(request).metadata
    const { req, socket, head } = raw
    const port = Number(/\/portforward\/(\d+)/.exec(req.url ?? '')?.[1])
    sockets.handleUpgrade(req, socket, head, (websocket) => {
      let timer: Timer
      const keepAlive = () => {
        websocket.ping('keep alive')
        timer = clock.after(keepAliveMs, keepAlive)
      }
      timer = clock.after(keepAliveMs, keepAlive)
      const service = guests.connect(
        uid,
        port,
        (bytes) => websocket.send(bytes),
        () => websocket.close(),
      )
      websocket.on('message', (data) => service?.receive(data as Buffer))
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

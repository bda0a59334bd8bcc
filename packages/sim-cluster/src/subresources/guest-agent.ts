// guestosinfo, userlist and filesystemlist: what the agent in the guest answers.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-api/rest/subresource.go
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { ApiError, conflict } from '../api/status.ts'
import { guestDisksOf, guestOsInfo, guestOsOf } from '../controllers/guest-os.ts'
import { isTrue, type Objects } from '../controllers/objects.ts'
import type { AgentReport, Guests } from '../guests/guest.ts'
import { lookups, vmiRef, type Handler } from './lookups.ts'

const apiVersion = 'kubevirt.io/v1'
const supportedCommands = [
  'guest-ping',
  'guest-get-osinfo',
  'guest-get-users',
  'guest-get-fsinfo',
  'guest-fsfreeze-freeze',
  'guest-fsfreeze-thaw',
  'guest-set-user-password',
].map((name) => ({ name, enabled: true }))

export function createGuestAgent(objects: Objects, guests: Guests): { guestOsInfo: Handler; userList: Handler; fileSystemList: Handler } {
  const { runningVmiOf } = lookups(objects)

  /** virt-api refuses these in plain text. */
  const withAgent =
    (answer: (vmi: VirtualMachineInstance, report: AgentReport) => unknown): Handler =>
    (request) => {
      try {
        const vmi = runningVmiOf(request)
        const report = isTrue(vmi, 'AgentConnected') ? guests.agent(vmi.metadata.uid) : undefined
        if (!report) throw conflict(vmiRef, request.name, 'VMI does not have guest agent connected')
        return { code: 200, json: answer(vmi, report) }
      } catch (error) {
        if (error instanceof ApiError) return { code: 500, text: error.message }
        throw error
      }
    }

  const usersOf = (report: AgentReport) => report.users.map(({ userName, sinceMs }) => ({ userName, loginTime: sinceMs / 1000 }))

  const disksOf = (vmi: VirtualMachineInstance) =>
    guestDisksOf(objects, vmi, guestOsOf(objects, vmi)).map(({ device, mountPoint, fileSystem, usedBytes, sizeBytes }) => ({
      diskName: device,
      mountPoint,
      fileSystemType: fileSystem,
      usedBytes,
      totalBytes: sizeBytes,
    }))

  return {
    guestOsInfo: withAgent((vmi, report) => ({
      kind: 'VirtualMachineInstanceGuestAgentInfo',
      apiVersion,
      metadata: {},
      guestAgentVersion: '9.1.0',
      supportedCommands,
      hostname: report.hostname,
      os: guestOsInfo(guestOsOf(objects, vmi)),
      timezone: 'UTC, 0',
      userList: usersOf(report),
      fsInfo: { disks: disksOf(vmi) },
      fsFreezeStatus: vmi.status?.fsFreezeStatus ?? 'thawed',
    })),
    userList: withAgent((_vmi, report) => ({
      kind: 'VirtualMachineInstanceGuestOSUserList',
      apiVersion,
      metadata: {},
      items: usersOf(report),
    })),
    fileSystemList: withAgent((vmi) => ({ kind: 'VirtualMachineInstanceFileSystemList', apiVersion, metadata: {}, items: disksOf(vmi) })),
  }
}

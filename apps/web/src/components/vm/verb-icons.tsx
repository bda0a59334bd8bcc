import {
  CloseIcon,
  ConsoleIcon,
  CopyIcon,
  ForceStopIcon,
  MigrateIcon,
  PauseIcon,
  PlayIcon,
  RestartIcon,
  RestoreIcon,
  ScreenIcon,
  SnapshotIcon,
  StopIcon,
  TrashIcon,
  YamlIcon,
} from '../../ui/icons.ts'
import type { Icon } from '../../ui/icon.tsx'
import type { VmActionId } from './vm-verbs.ts'

export const verbIcons: Record<VmActionId, Icon> = {
  vnc: ScreenIcon,
  start: PlayIcon,
  stop: StopIcon,
  forceStop: ForceStopIcon,
  restart: RestartIcon,
  pause: PauseIcon,
  unpause: PlayIcon,
  migrate: MigrateIcon,
  cancelMigration: CloseIcon,
  snapshot: SnapshotIcon,
  restore: RestoreIcon,
  console: ConsoleIcon,
  yaml: YamlIcon,
  copySsh: CopyIcon,
  delete: TrashIcon,
}

// What the guest's screen shows now and then, for those who may look at it.
import { vmCan, type VmRow } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { useScreenshot } from '../../api/guest.ts'
import { paths } from '../../paths.ts'
import { Elapsed } from '../../ui/elapsed.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ScreenIcon } from '../../ui/icons.ts'

export function ScreenThumbnail({ row }: { row: VmRow }) {
  const possible = vmCan.vnc(row)
  const { data, denied } = useScreenshot(row, possible.possible && row.status !== 'Stopping')

  if (!possible.possible) return <NoScreen>The VM is not running.</NoScreen>
  if (denied) return <NoScreen>{denied}</NoScreen>
  return (
    <section className="panel">
      <Link className="screen thumb" to={paths.vmConsole(row, 'vnc')}>
        {data && <img src={data.url} alt={`Screen of ${row.name}`} />}
        <span className="over">
          <span>
            {data ? (
              <>
                Screen, <Elapsed since={Math.floor(data.at / 1000)} /> ago
              </>
            ) : (
              'Screen'
            )}
          </span>
          <span className="row">
            <IconMark icon={ScreenIcon} />
            Open console
          </span>
        </span>
      </Link>
    </section>
  )
}

function NoScreen({ children }: { children: string }) {
  return (
    <section className="panel">
      <div className="screen thumb off">
        <span>
          No screen.
          <br />
          {children}
        </span>
      </div>
    </section>
  )
}

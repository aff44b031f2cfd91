import { Button } from "@mantine/core";
import { Notifications, notifications, useNotifications } from "@mantine/notifications";

const MANY = 3;

/** What was said to the user, away from what saves: that is on the right, in drawers too. All of it is shown, the newest at the bottom; what is more than the window holds can be scrolled to. */
export function Notices() {
  const said = useNotifications().notifications.length;
  return (
    <>
      <Notifications className={said > MANY ? "notices notices-many" : "notices"} position="bottom-left" limit={Infinity} containerWidth={420} />
      {said > MANY && (
        <Button className="close-notices" size="compact-sm" variant="default" onClick={() => notifications.clean()}>
          Close all {said} messages
        </Button>
      )}
    </>
  );
}

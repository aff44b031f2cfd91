import { Anchor } from "@mantine/core";
import { Link } from "react-router-dom";
import { Empty } from "../../ui/Empty";

export function NotFound({ what = "This page" }: { what?: string }) {
  return (
    <Empty title={`${what} is not there`}>
      It may have been removed, or your role does not see it.{" "}
      <Anchor component={Link} to="/" size="sm" underline="always">
        Go to the start
      </Anchor>
    </Empty>
  );
}

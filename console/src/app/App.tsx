import { Suspense } from "react";
import { useRoutes } from "react-router-dom";
import { ActionHost } from "../actions/ActionHost";
import { SCREENS } from "../screens";
import { SignIn } from "../screens/signIn/SignIn";
import { Shell } from "../shell/Shell";
import { Loading } from "../ui/Loading";
import { SessionGate } from "./session";

export function App() {
  return (
    <SessionGate signIn={(onSignedIn, reason) => <SignIn onSignedIn={onSignedIn} reason={reason} />}>
      <ActionHost>
        <Shell>
          <Screens />
        </Shell>
      </ActionHost>
    </SessionGate>
  );
}

function Screens() {
  const found = useRoutes(SCREENS.map(({ path, element }) => ({ path, element })));
  return <Suspense fallback={<Loading />}>{found}</Suspense>;
}

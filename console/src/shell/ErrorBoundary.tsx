import { Component, type ReactNode } from "react";
import { isMissingPart } from "../app/updated";
import { ErrorNote } from "../ui/ErrorNote";
import { MissingPart } from "./MissingPart";

interface Props {
  children: ReactNode;
  /** What the error is shown in; `close` makes another attempt. */
  frame?: (note: ReactNode, close: () => void) => ReactNode;
}

/** What breaks says so; what is around it stays. */
export class ErrorBoundary extends Component<Props, { error: unknown; broken: boolean }> {
  override state = { error: null as unknown, broken: false };

  static getDerivedStateFromError(error: unknown) {
    return { error, broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    const { error } = this.state;
    const again = () => this.setState({ error: null, broken: false });
    const note = isMissingPart(error) ? <MissingPart /> : <ErrorNote error={error} title="This screen broke" onRetry={again} />;
    return this.props.frame ? this.props.frame(note, again) : note;
  }
}

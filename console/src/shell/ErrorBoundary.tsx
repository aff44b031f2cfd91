import { Component, type ReactNode } from "react";
import { ErrorNote } from "../ui/ErrorNote";

/** A screen that breaks says so; the navigation stays. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <ErrorNote error={this.state.error} title="This screen broke" onRetry={() => this.setState({ error: null })} />;
  }
}

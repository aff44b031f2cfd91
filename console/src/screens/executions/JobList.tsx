import { Badge, Box, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { StatusBadge } from "../../ui/StatusBadge";
import { titleOfNode, type TreeNode } from "../canvas/tree";
import type { Kinds, Selection } from "../canvas/types";
import { tookOf, type Job, type Run } from "./runs";

interface Props {
  run: Run;
  tree: TreeNode[];
  kinds?: Kinds;
  byNode: Map<number, Job>;
  waits: (job: Job) => string;
  selected: Selection | null;
  onSelect: (selected: Selection) => void;
}

/** The nodes in running order with how each went; what no version tells of any more is listed by its key. */
export function JobList(props: Props) {
  const { run, tree, selected, onSelect } = props;
  return (
    <Stack gap={0} p="xs" component="ol" m={0} style={{ listStyle: "none" }} aria-label="Nodes">
      <Row title="Trigger" depth={0} isSelected={selected === "trigger"} onSelect={() => onSelect("trigger")} />
      {tree.length > 0 ? <Line {...props} line={tree} depth={0} /> : (run.jobs ?? []).map((job) => <Row key={job.id} title={job.nodeKey} depth={0} job={job} isSelected={false} />)}
    </Stack>
  );
}

function Line({ line, depth, ...shared }: Props & { line: TreeNode[]; depth: number }) {
  const { kinds, byNode, waits, selected, onSelect } = shared;
  return line.map(({ node, branches }) => {
    const job = byNode.get(node.id);
    return [
      <Row key={node.id} title={titleOfNode(node, kinds)} depth={depth} job={job} waits={job && job.status === 0 ? waits(job) : undefined} isSelected={selected === node.id} onSelect={() => onSelect(node.id)} />,
      ...branches.filter((one) => one.line.length > 0).map((branch) => [
        <Text key={`${node.id}.${branch.index}`} component="li" size="xs" c="dimmed" fw={600} pl={depth * 20 + 30} pt={4}>
          {branch.label}
        </Text>,
        <Line key={`${node.id}.${branch.index}.line`} {...shared} line={branch.line} depth={depth + 1} />,
      ]),
    ];
  });
}

interface RowProps {
  title: string;
  depth: number;
  job?: Job;
  waits?: string;
  isSelected: boolean;
  onSelect?: () => void;
}

function Row({ title, depth, job, waits, isSelected, onSelect }: RowProps) {
  const isTrigger = onSelect !== undefined && job === undefined && title === "Trigger" && depth === 0;
  const label = job ? (job.status === 0 ? "Waiting" : undefined) : undefined;
  const content = (
    <Group justify="space-between" gap="xs" px="sm" py={7} wrap="nowrap">
      <Box miw={0}>
        <Text size="sm" fw={500} c={job || isTrigger ? undefined : "dimmed"}>
          {title}
        </Text>
        {waits && (
          <Text size="xs" c="dimmed">
            {waits}
          </Text>
        )}
      </Box>
      <Group gap="xs" wrap="nowrap">
        {job && (
          <Text size="xs" c="dimmed">
            {tookOf(job)}
          </Text>
        )}
        {job ? <StatusBadge status={job.status} label={label} /> : !isTrigger && <Badge variant="default" tt="none" fw={400} miw="fit-content">not run</Badge>}
      </Group>
    </Group>
  );
  return (
    <Box component="li" pl={depth * 20}>
      {onSelect ? (
        <UnstyledButton w="100%" onClick={onSelect} aria-pressed={isSelected} className={isSelected ? "chosen-row" : "row"}>
          {content}
        </UnstyledButton>
      ) : (
        content
      )}
    </Box>
  );
}

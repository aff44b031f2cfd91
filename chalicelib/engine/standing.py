"""Where in the tree a node stands, as far as that decides how it may wait.

Source of the tree: https://docs.nocobase.com/workflow/development/instruction
"""

from __future__ import annotations

from chalicelib.domain.graph import Graph, Node
from chalicelib.domain.policy import RETRY
from chalicelib.nodes import NODE_TYPES


def opens_transaction(node: Node, branch_index: int) -> bool:
    """Whether this branch of the node is committed at once, or not at all."""
    return node.type == "transaction" and branch_index == 0


def is_in_transaction(node: Node, graph: Graph) -> bool:
    """Whether the node stands where everything is committed at once, so that nothing may wait for long."""
    while node.upstream_id is not None:
        above = graph.nodes[node.upstream_id]
        if node.branch_index is not None and opens_transaction(above, node.branch_index):
            return True
        node = above
    return False


def interrupts(node: Node, graph: Graph) -> bool:
    """Whether an asynchronous run is committed in the middle of this node, where no transaction forbids it."""
    node_type = NODE_TYPES[node.type]
    return node_type.waits or node_type.acts_outside or may_sleep(node, graph)


def is_on_trunk(node: Node, graph: Graph) -> bool:
    """Whether no node above it steers its branches."""
    above = graph.parent(node)
    while above is not None:
        if NODE_TYPES[above.type].steer is not None:
            return False
        above = graph.parent(above)
    return True


def may_sleep(node: Node, graph: Graph) -> bool:
    """Whether an asynchronous run may have to wait for another try of the node."""
    return bool(node.config.get(RETRY)) and not is_in_transaction(node, graph)

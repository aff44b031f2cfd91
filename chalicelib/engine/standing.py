"""Where in the tree a node stands, as far as that decides how it may wait.

Source of the tree: https://docs.nocobase.com/workflow/development/instruction
"""

from __future__ import annotations

from chalicelib.domain.graph import Graph, Node
from chalicelib.domain.policy import RETRY
from chalicelib.nodes import NODE_TYPES


def is_in_transaction(node: Node, graph: Graph) -> bool:
    """Whether the node stands where everything is committed at once, so that nothing may wait for long."""
    while node.upstream_id is not None:
        above = graph.nodes[node.upstream_id]
        if node.branch_index == 0 and above.type == "transaction":
            return True
        node = above
    return False


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

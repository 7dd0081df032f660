"""Search spaces and genotypes as plain data."""

from nse_tf.spaces.blocks import BranchBlock as BranchBlock
from nse_tf.spaces.blocks import ChoiceBlock as ChoiceBlock
from nse_tf.spaces.blocks import DecisionPoint as DecisionPoint
from nse_tf.spaces.branch_ops import BRANCH_FAMILIES as BRANCH_FAMILIES
from nse_tf.spaces.branch_ops import BranchOp as BranchOp
from nse_tf.spaces.branch_ops import ConvStep as ConvStep
from nse_tf.spaces.branch_ops import LinearBottleneck as LinearBottleneck
from nse_tf.spaces.branch_ops import NormalConv as NormalConv
from nse_tf.spaces.branch_ops import RectangularConv as RectangularConv
from nse_tf.spaces.branch_ops import narrowed as narrowed
from nse_tf.spaces.cell_ops import CellOp as CellOp
from nse_tf.spaces.cell_ops import DilConv as DilConv
from nse_tf.spaces.cell_ops import NorConv as NorConv
from nse_tf.spaces.cell_ops import Pool as Pool
from nse_tf.spaces.cell_ops import SepConv as SepConv
from nse_tf.spaces.cell_ops import SkipConnect as SkipConnect
from nse_tf.spaces.cell_ops import Zero as Zero
from nse_tf.spaces.cell_skeletons import CellSkeleton as CellSkeleton
from nse_tf.spaces.cell_skeletons import DartsSkeleton as DartsSkeleton
from nse_tf.spaces.cell_spaces import cell_space as cell_space
from nse_tf.spaces.cell_spaces import edges_of_kinds as edges_of_kinds
from nse_tf.spaces.cell_text import genotype_of_pairs as genotype_of_pairs
from nse_tf.spaces.cell_text import in_table_order as in_table_order
from nse_tf.spaces.cell_text import pairs_of as pairs_of
from nse_tf.spaces.cells import DARTS_GRAPH as DARTS_GRAPH
from nse_tf.spaces.cells import Cell as Cell
from nse_tf.spaces.cells import CellGraph as CellGraph
from nse_tf.spaces.cells import Edge as Edge
from nse_tf.spaces.cells import Site as Site
from nse_tf.spaces.chain_skeletons import ACTIVATIONS as ACTIVATIONS
from nse_tf.spaces.chain_skeletons import BranchSkeleton as BranchSkeleton
from nse_tf.spaces.chain_skeletons import ChainSkeleton as ChainSkeleton
from nse_tf.spaces.chain_skeletons import Stage as Stage
from nse_tf.spaces.darts_cifar import (
    DartsCifarSkeleton as DartsCifarSkeleton,
)
from nse_tf.spaces.genotype import Genotype as Genotype
from nse_tf.spaces.genotype_text import format_genotype as format_genotype
from nse_tf.spaces.genotype_text import load_genotype as load_genotype
from nse_tf.spaces.genotype_text import parse_genotype as parse_genotype
from nse_tf.spaces.layer_op import LayerOp as LayerOp
from nse_tf.spaces.mobilenet_v3_skeleton import (
    MobileNetV3Skeleton as MobileNetV3Skeleton,
)
from nse_tf.spaces.model_parts import LayerBlock as LayerBlock
from nse_tf.spaces.model_parts import ModelSkeleton as ModelSkeleton
from nse_tf.spaces.model_parts import layer_block as layer_block
from nse_tf.spaces.motif import Motif as Motif
from nse_tf.spaces.motif import MotifEdge as MotifEdge
from nse_tf.spaces.motif import motif_named as motif_named
from nse_tf.spaces.naming import nearest_names as nearest_names
from nse_tf.spaces.nb201_skeleton import NB201Skeleton as NB201Skeleton
from nse_tf.spaces.ops import ChainOp as ChainOp
from nse_tf.spaces.ops import Identity as Identity
from nse_tf.spaces.ops import MBConv as MBConv
from nse_tf.spaces.ops import Op as Op
from nse_tf.spaces.ops import parse_op as parse_op
from nse_tf.spaces.presets import PRESETS as PRESETS
from nse_tf.spaces.presets import make_preset as make_preset
from nse_tf.spaces.published import PUBLISHED as PUBLISHED
from nse_tf.spaces.published import published_network as published_network
from nse_tf.spaces.shaped_blocks import ShapedBlock as ShapedBlock
from nse_tf.spaces.shaped_blocks import every_shape as every_shape
from nse_tf.spaces.shaped_blocks import shaped_blocks as shaped_blocks
from nse_tf.spaces.shaped_blocks import variants_of as variants_of
from nse_tf.spaces.skeletons import Skeleton as Skeleton
from nse_tf.spaces.slot import Slot as Slot
from nse_tf.spaces.slot_spaces import SlotBlock as SlotBlock
from nse_tf.spaces.slot_spaces import SlotSkeleton as SlotSkeleton
from nse_tf.spaces.slot_spaces import slot_space as slot_space
from nse_tf.spaces.space import SearchSpace as SearchSpace
from nse_tf.spaces.space_json import load_space as load_space
from nse_tf.spaces.space_json import save_space as save_space
from nse_tf.spaces.space_json import space_from_json as space_from_json
from nse_tf.spaces.space_json import space_to_json as space_to_json
from nse_tf.spaces.stage_widths import (
    StageWidthSkeleton as StageWidthSkeleton,
)
from nse_tf.spaces.stage_widths import at_widths as at_widths
from nse_tf.spaces.stage_widths import every_end as every_end
from nse_tf.spaces.stage_widths import realized as realized
from nse_tf.spaces.stage_widths import with_stage_widths as with_stage_widths
from nse_tf.spaces.trained_skeleton import TrainedSkeleton as TrainedSkeleton
from nse_tf.spaces.trained_skeleton import cut_space as cut_space
from nse_tf.spaces.two_inputs import JointDecision as JointDecision
from nse_tf.spaces.two_inputs import Node as Node
from nse_tf.spaces.width import Width as Width

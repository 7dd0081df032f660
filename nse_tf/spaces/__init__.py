"""Search spaces and genotypes as plain data."""

from nse_tf.spaces.blocks import ChoiceBlock as ChoiceBlock
from nse_tf.spaces.genotype import Genotype as Genotype
from nse_tf.spaces.genotype_text import format_genotype as format_genotype
from nse_tf.spaces.genotype_text import load_genotype as load_genotype
from nse_tf.spaces.genotype_text import parse_genotype as parse_genotype
from nse_tf.spaces.layer_op import LayerOp as LayerOp
from nse_tf.spaces.model_parts import LayerBlock as LayerBlock
from nse_tf.spaces.model_parts import ModelSkeleton as ModelSkeleton
from nse_tf.spaces.model_parts import layer_block as layer_block
from nse_tf.spaces.naming import nearest_names as nearest_names
from nse_tf.spaces.ops import Identity as Identity
from nse_tf.spaces.ops import MBConv as MBConv
from nse_tf.spaces.ops import Op as Op
from nse_tf.spaces.ops import parse_op as parse_op
from nse_tf.spaces.presets import PRESETS as PRESETS
from nse_tf.spaces.presets import make_preset as make_preset
from nse_tf.spaces.published import PUBLISHED as PUBLISHED
from nse_tf.spaces.published import published_network as published_network
from nse_tf.spaces.skeletons import Skeleton as Skeleton
from nse_tf.spaces.skeletons import Stage as Stage
from nse_tf.spaces.space import SearchSpace as SearchSpace
from nse_tf.spaces.space_json import load_space as load_space
from nse_tf.spaces.space_json import save_space as save_space
from nse_tf.spaces.space_json import space_from_json as space_from_json
from nse_tf.spaces.space_json import space_to_json as space_to_json

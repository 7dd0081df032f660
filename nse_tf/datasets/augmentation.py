"""Random but repeatable changes of images: a function of (images, seed)."""

import dataclasses
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

# One column of random numbers for each decision, so that a further kind of
# change leaves all others the same.
_FLIP, _SHIFT_X, _SHIFT_Y, _ROTATE, _SCALE, _SHEAR = range(6)
_BRIGHTNESS, _CONTRAST, _CUTOUT_X, _CUTOUT_Y = range(6, 10)
_NUM_COLUMNS = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class AugmentationPolicy:
    """How far images may be changed; by default not at all.

    Every amount is drawn uniformly between ± its limit, for each image.

    Attributes:
        flip: Mirrors every other image, left to right.
        shift: Limit of the shift along each axis, as a fraction of the side.
        rotate_degrees: Limit of the turn about the center, in degrees.
        scale: Limit of the zoom: 0.1 is a factor of 0.9 to 1.1.
        shear: Limit of the slant: columns moved per row.
        brightness: Limit of the added brightness, as a fraction of 255.
        contrast: Limit of the change of distance to the image's mean.
        cutout: Side of a square that is painted in the image's mean color, as
            a fraction of the side; its center may be anywhere in the image.
        reflect: Fills empty margins with a mirror image, not with zeros.

    Raises:
        ValueError: If a number is out of range.

    References:
        DeVries and Taylor, Improved Regularization of Convolutional Neural
        Networks with Cutout (2017): https://arxiv.org/abs/1708.04552
    """

    flip: bool = False
    shift: float = 0.0
    rotate_degrees: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    cutout: float = 0.0
    reflect: bool = False

    def __post_init__(self) -> None:
        limits = {"rotate_degrees": 180.0, "scale": 0.9}
        for field in dataclasses.fields(self):
            value, limit = getattr(self, field.name), limits.get(field.name, 1)
            if not 0 <= value <= limit:
                raise ValueError(
                    f"`{field.name}` must be from 0 to {limit}, but is {value}."
                )

    @property
    def is_warp(self) -> bool:
        """Whether pixels land between pixels, and so must be interpolated."""
        return any((self.rotate_degrees, self.scale, self.shear))


POLICIES = {
    "none": AugmentationPolicy(),
    # Strokes: a mirrored 2 is not a 2, and one pixel of 8 is a far move.
    "digits": AugmentationPolicy(
        shift=0.1, rotate_degrees=10.0, scale=0.1, shear=0.1
    ),
    # The usual recipe for CIFAR: pad by 4 of 32, crop, flip.
    "small_images": AugmentationPolicy(flip=True, shift=0.125),
    "photos": AugmentationPolicy(
        flip=True,
        shift=0.1,
        rotate_degrees=10.0,
        scale=0.2,
        brightness=0.1,
        contrast=0.2,
        reflect=True,
    ),
}


def policy_with(name: str, cutout: float = 0.0) -> AugmentationPolicy:
    """Returns a policy, with cutout on top of it.

    Args:
        name: Name of the policy.
        cutout: Side of the square; 0 leaves that of the policy.
    """
    policy = POLICIES[name]
    return dataclasses.replace(policy, cutout=cutout) if cutout else policy


def suitable_policy(height: int, channels: int) -> str:
    """Returns the name of the policy to start from for unknown images.

    Gray images are taken for scans of characters, which must not be mirrored;
    colored ones for photographs.
    """
    if channels == 1:
        return "digits"
    return "small_images" if height < 64 else "photos"


def augment(
    images: "tf.Tensor", policy: AugmentationPolicy, seed: "tf.Tensor"
) -> "tf.Tensor":
    """Returns the images, changed at random as far as the policy allows.

    A pure function: the same images, policy and seed give the same result.

    Args:
        images: `(batch, height, width, channels)`, float32 in 0..255. The
            batch size may be unknown.
        policy: Limits of the changes.
        seed: int32, `(2,)`.

    Returns:
        Images of the same shape and type, in 0..255.
    """
    import tensorflow as tf

    if policy == POLICIES["none"]:
        return images
    # Named, since "auto_select" depends on the device.
    draws = tf.random.stateless_uniform(
        (tf.shape(images)[0], _NUM_COLUMNS), seed, -1.0, 1.0, alg="philox"
    )
    static_shape = images.shape
    if policy.flip or policy.shift or policy.is_warp:
        images = _move(images, policy, draws)
    if policy.brightness or policy.contrast:
        images = _recolor(images, policy, draws)
    if policy.cutout:
        images = _cut_out(images, policy, draws)
    return tf.ensure_shape(images, static_shape)


def _move(
    images: "tf.Tensor", policy: AugmentationPolicy, draws: "tf.Tensor"
) -> "tf.Tensor":
    """All geometry at once: every image is sampled a single time.

    Whole-pixel moves copy pixels exactly; turns and zooms interpolate.
    """
    import tensorflow as tf

    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_transforms(tf.shape(images), policy, draws),
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR" if policy.is_warp else "NEAREST",
        fill_mode="REFLECT" if policy.reflect else "CONSTANT",
    )


def _transforms(
    shape: "tf.Tensor", policy: AugmentationPolicy, draws: "tf.Tensor"
) -> "tf.Tensor":
    """The map from a pixel of the result to its source, `(batch, 8)`.

    About the center c: source = A (pixel - c) + c + shift, where A is the turn
    times the slant, divided by the zoom, and its first row negated to flip.
    """
    import tensorflow as tf

    sides = tf.cast(shape[1:3], tf.float32)
    center_y, center_x = (sides[0] - 1.0) / 2.0, (sides[1] - 1.0) / 2.0
    angle = draws[:, _ROTATE] * (policy.rotate_degrees * math.pi / 180.0)
    zoom = 1.0 + draws[:, _SCALE] * policy.scale
    shear = draws[:, _SHEAR] * policy.shear
    mirror = tf.where(draws[:, _FLIP] < 0.0, -1.0, 1.0) if policy.flip else 1.0
    cosine, sine = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    xx, xy = mirror * cosine, mirror * (shear * cosine - sine)
    yx, yy = sine, shear * sine + cosine
    shift_x = _shift(draws[:, _SHIFT_X], policy, sides[1])
    shift_y = _shift(draws[:, _SHIFT_Y], policy, sides[0])
    zero = tf.zeros_like(angle)
    return tf.stack(
        [
            xx,
            xy,
            center_x - xx * center_x - xy * center_y + shift_x,
            yx,
            yy,
            center_y - yx * center_x - yy * center_y + shift_y,
            zero,
            zero,
        ],
        axis=1,
    )


def _shift(
    draws: "tf.Tensor", policy: AugmentationPolicy, side: "tf.Tensor"
) -> "tf.Tensor":
    """Pixels to move, `(batch,)`: whole ones unless there is a warp anyway."""
    import tensorflow as tf

    if policy.is_warp:
        return draws * policy.shift * side
    limit = tf.round(policy.shift * side)
    # Rounding would make the two outermost moves half as likely as the others.
    steps = tf.floor((draws + 1.0) / 2.0 * (2.0 * limit + 1.0))
    return tf.minimum(steps, 2.0 * limit) - limit


def _recolor(
    images: "tf.Tensor", policy: AugmentationPolicy, draws: "tf.Tensor"
) -> "tf.Tensor":
    import tensorflow as tf

    draws = draws[:, :, tf.newaxis, tf.newaxis, tf.newaxis]
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    gain = 1.0 + draws[:, _CONTRAST] * policy.contrast
    offset = draws[:, _BRIGHTNESS] * (policy.brightness * 255.0)
    return tf.clip_by_value((images - mean) * gain + mean + offset, 0.0, 255.0)


def _cut_out(
    images: "tf.Tensor", policy: AugmentationPolicy, draws: "tf.Tensor"
) -> "tf.Tensor":
    import tensorflow as tf

    sides = tf.cast(tf.shape(images)[1:3], tf.float32)
    near_y = _is_near(draws[:, _CUTOUT_Y], sides[0], policy.cutout)
    near_x = _is_near(draws[:, _CUTOUT_X], sides[1], policy.cutout)
    is_cut = near_y[:, :, tf.newaxis] & near_x[:, tf.newaxis, :]
    mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
    return tf.where(is_cut[..., tf.newaxis], mean, images)


def _is_near(
    draws: "tf.Tensor", side: "tf.Tensor", cutout: float
) -> "tf.Tensor":
    """Which pixels of an axis the square covers, booleans `(batch, side)`."""
    import tensorflow as tf

    center = (draws[:, tf.newaxis] + 1.0) / 2.0 * side
    middle_of_pixel = tf.range(side)[tf.newaxis] + 0.5
    return tf.abs(middle_of_pixel - center) <= cutout * side / 2.0

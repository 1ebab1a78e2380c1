"""What works with specs, together: as the hub has it, and as its pages need it."""

from dataclasses import dataclass

from hub.specs.canary import Canary
from hub.specs.follower import Follower
from hub.specs.shadow import Shadows
from hub.specs.specs import Specs


@dataclass(frozen=True, slots=True)
class SpecParts:
    specs: Specs
    follower: Follower
    canary: Canary
    shadows: Shadows

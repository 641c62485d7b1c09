"""The model: trained in a child process with scikit-learn, served here with numpy from checked JSON."""

from marketpulse.models.document import BadModel
from marketpulse.models.logistic import Logistic
from marketpulse.models.trainer import Trainer

__all__ = ["BadModel", "Logistic", "Trainer"]

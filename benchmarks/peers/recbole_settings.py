"""The part of RecBole's configuration that all scripts share: on the processor, without output."""

QUIETLY = {
    "use_gpu": False,
    "device": "cpu",
    "seed": 0,
    "reproducibility": False,
    "show_progress": False,
    "log_wandb": False,
}

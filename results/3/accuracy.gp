load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set yrange [0.8:1]
set key bottom right font ",16"
eval "plot ".train_accuracy("2c", 5, "train, shuffled (2c), seed 1").", ".\
    train_accuracy("3", 6, "train, not shuffled (3), seed 1").", ".\
    validation("2c", "accuracy", 5, "validation, shuffled (2c)").", ".\
    validation("3", "accuracy", 6, "validation, not shuffled (3)")

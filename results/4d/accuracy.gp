load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set yrange [0.9:1.002]
set key bottom right
eval "plot ".train_accuracy("3c", 1, "train, one layer of 64 (3c), seed 1").", ".\
    train_accuracy("4d", 2, "train, two of 60 (4d), seed 1").", ".\
    validation("3c", "accuracy", 1, "validation, one layer of 64 (3c)").", ".\
    validation("4d", "accuracy", 2, "validation, two of 60 (4d)")
